//! rust-libp2p as a peer on loopback, by the contract of ../../README.md, all but "echo".
//!
//! usage: peer [--key NAME]        NAME: of the file that the variable KN_KEYS names
use std::{collections::HashMap, error::Error, time::Duration, time::Instant};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, identify, identity::Keypair, kad, multiaddr::Protocol,
    noise, ping, swarm::NetworkBehaviour, swarm::SwarmEvent, tcp, yamux,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

const TIMEOUT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(600);

type Failure = Box<dyn Error>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    kad: kad::Behaviour<kad::store::MemoryStore>,
}

/// A node, and what it has seen of others.
struct Node {
    swarm: Swarm<Behaviour>,
    infos: HashMap<PeerId, identify::Info>,
    pings: HashMap<PeerId, Result<(), String>>,
    connected: HashMap<PeerId, Multiaddr>,
    refused: Option<String>,
    closest: Option<Vec<kad::PeerInfo>>,
}

fn identity() -> Result<Keypair, Failure> {
    let words: Vec<String> = std::env::args().collect();
    let Some(at) = words.iter().position(|word| word == "--key") else {
        return Ok(Keypair::generate_ed25519());
    };
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(std::env::var("KN_KEYS")?)?)?;
    let name = words.get(at + 1).ok_or("--key without a name")?;
    let private = keys["keys"][name]["private"]
        .as_str()
        .ok_or("no such key")?;
    Ok(Keypair::from_protobuf_encoding(&hex::decode(private)?)?)
}

impl Node {
    fn new() -> Result<Node, Failure> {
        let mut swarm = SwarmBuilder::with_existing_identity(identity()?)
            .with_tokio()
            .with_tcp(
                tcp::Config::default(),
                noise::Config::new,
                yamux::Config::default,
            )?
            .with_behaviour(|key| {
                let id = key.public().to_peer_id();
                let mut kad = kad::Behaviour::with_config(
                    id,
                    kad::store::MemoryStore::new(id),
                    kad::Config::new(libp2p::StreamProtocol::new("/ipfs/kad/1.0.0")),
                );
                kad.set_mode(Some(kad::Mode::Server));
                Behaviour {
                    identify: identify::Behaviour::new(identify::Config::new(
                        "ipfs/0.1.0".into(),
                        key.public(),
                    )),
                    ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY)),
                    kad,
                }
            })?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .build();
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
        Ok(Node {
            swarm,
            infos: HashMap::new(),
            pings: HashMap::new(),
            connected: HashMap::new(),
            refused: None,
            closest: None,
        })
    }

    fn note(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id, endpoint, ..
            } => {
                self.connected
                    .insert(peer_id, endpoint.get_remote_address().clone());
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => {
                self.connected.remove(&peer_id);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => {
                self.refused = Some(error.to_string());
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                let result = event
                    .result
                    .map(|_| ())
                    .map_err(|failure| failure.to_string());
                self.pings.insert(event.peer, result);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                for addr in &info.listen_addrs {
                    self.swarm
                        .behaviour_mut()
                        .kad
                        .add_address(&peer_id, addr.clone());
                }
                self.infos.insert(peer_id, info);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                result: kad::QueryResult::GetClosestPeers(Ok(found)),
                ..
            })) => self.closest = Some(found.peers),
            _ => {}
        }
    }

    /// Waits until `look` finds something among what was seen.
    async fn until<T>(&mut self, look: impl Fn(&mut Node) -> Option<T>) -> Result<T, Failure> {
        let end = tokio::time::Instant::now() + TIMEOUT;
        loop {
            if let Some(found) = look(self) {
                return Ok(found);
            }
            let event = tokio::time::timeout_at(end, self.swarm.select_next_some()).await;
            self.note(event.map_err(|_| "no answer in time")?);
        }
    }

    async fn connect(&mut self, text: &str) -> Result<PeerId, Failure> {
        if let Ok(peer) = text.parse::<PeerId>() {
            return Ok(peer);
        }
        let addr: Multiaddr = text.parse()?;
        let Some(Protocol::P2p(peer)) = addr.iter().last() else {
            return Err("the address does not end in a peer id".into());
        };
        if !self.connected.contains_key(&peer) {
            self.refused = None;
            self.swarm.dial(addr)?;
            let known = |node: &mut Node| node.connected.contains_key(&peer).then_some(Ok(()));
            self.until(|node| node.refused.take().map(Err).or(known(node)))
                .await??;
        }
        Ok(peer)
    }

    async fn carry_out(&mut self, asked: &Value) -> Result<Value, Failure> {
        let what = asked["do"].as_str().unwrap_or_default();
        if what == "peers" {
            let one =
                |(id, addr): (&PeerId, &Multiaddr)| json!({"id": id.to_string(), "addrs": [addr]});
            return Ok(json!({"peers": self.connected.iter().map(one).collect::<Vec<_>>()}));
        }
        let text = asked["peer"].as_str().ok_or("no peer")?;
        if what == "find" {
            return self.find(text.parse()?).await;
        }
        let peer = self.connect(text).await?;
        match what {
            "connect" => {}
            "ping" => {
                self.pings.remove(&peer);
                self.until(|node| node.pings.remove(&peer)).await??;
            }
            "identify" => {
                let info = self.until(|node| node.infos.get(&peer).cloned()).await?;
                let protocols: Vec<_> = info.protocols.iter().map(|name| name.as_ref()).collect();
                return Ok(
                    json!({"agent": info.agent_version, "version": info.protocol_version,
                    "protocols": protocols, "addrs": info.listen_addrs,
                    "observed": info.observed_addr}),
                );
            }
            _ => return Err(format!("unknown command \"{what}\"").into()),
        }
        Ok(json!({}))
    }

    async fn find(&mut self, peer: PeerId) -> Result<Value, Failure> {
        self.closest = None;
        self.swarm.behaviour_mut().kad.get_closest_peers(peer);
        let found = self.until(|node| node.closest.take()).await?;
        let one = found
            .into_iter()
            .find(|info| info.peer_id == peer)
            .ok_or("not found")?;
        Ok(json!({"addrs": one.addrs}))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut node = Node::new()?;
    let addr = node
        .until(|node| node.swarm.listeners().next().cloned())
        .await?;
    let id = *node.swarm.local_peer_id();
    println!(
        "{}",
        json!({"id": id.to_string(), "addrs": [format!("{addr}/p2p/{id}")]})
    );
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            event = node.swarm.select_next_some() => {
                node.note(event);
                continue;
            }
        };
        let Some(line) = line else {
            std::process::exit(0); // a read of standard input may still be under way
        };
        let began = Instant::now();
        let mut answer = match node.carry_out(&serde_json::from_str(&line)?).await {
            Ok(answer) => answer,
            Err(error) => json!({"ok": false, "error": error.to_string()}),
        };
        if answer.get("ok").is_none() {
            answer["ok"] = true.into();
        }
        answer["ms"] = json!(began.elapsed().as_micros() as f64 / 1000.0);
        println!("{answer}");
    }
}
