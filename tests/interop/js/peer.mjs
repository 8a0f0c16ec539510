// js-libp2p as a peer on loopback, by the contract of ../README.md.
//
// usage: node --import ./older.mjs peer.mjs [--key NAME] [--no-listen]     NAME: of ../keys.json
import { readFileSync, realpathSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/kwaainet/echo/1.0.0'
const TIMEOUT = 10_000
const PART = 65536

const { values: options } = parseArgs({
  options: { key: { type: 'string' }, 'no-listen': { type: 'boolean' } }
})

// This file stands beside its packages as a link; the identities stand where it really is.
const here = new URL('file://' + realpathSync(fileURLToPath(import.meta.url)))
const identity = name => {
  const { keys } = JSON.parse(readFileSync(new URL('../keys.json', here)))
  return privateKeyFromProtobuf(Buffer.from(keys[name].private, 'hex'))
}

const node = await createLibp2p({
  privateKey: options.key && identity(options.key),
  addresses: { listen: options['no-listen'] ? [] : ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    ping: ping(),
    kad: kadDHT({
      protocol: '/ipfs/kad/1.0.0',
      clientMode: false,
      peerInfoMapper: passthroughMapper
    })
  }
})

// An address, or the id of a peer that is known by now.
const target = peer => peer.startsWith('/') ? multiaddr(peer) : peerIdFromString(peer)
const soon = () => ({ signal: AbortSignal.timeout(TIMEOUT) })

async function send (stream, data) {
  if (!stream.send(data)) await stream.onDrain(soon())
}

await node.handle(ECHO, async stream => {
  for await (const part of stream) await send(stream, part)
  await stream.close()
})

async function echo ({ peer, bytes }) {
  const stream = await node.dialProtocol(target(peer), ECHO, soon())
  const sent = Buffer.alloc(bytes, 'every byte comes back ')
  const writing = (async () => {
    for (let at = 0; at < bytes; at += PART) await send(stream, sent.subarray(at, at + PART))
  })()
  const parts = []
  let got = 0
  for await (const part of stream) {
    parts.push(part.subarray())
    if ((got += part.byteLength) >= bytes) break
  }
  await writing
  await stream.close(soon()) // not before: p2pd resets a stream whose other half is closed
  if (!sent.equals(Buffer.concat(parts))) throw new Error('other bytes came back')
}

const handlers = {
  connect: async ({ peer }) => { await node.dial(target(peer), soon()) },
  ping: async ({ peer }) => { await node.services.ping.ping(target(peer), soon()) },
  echo,
  identify: async ({ peer }) => {
    const connection = await node.dial(target(peer), soon())
    const found = await node.services.identify.identify(connection, soon())
    return {
      agent: found.agentVersion,
      version: found.protocolVersion,
      protocols: found.protocols.sort(),
      addrs: found.listenAddrs.map(String),
      observed: String(found.observedAddr ?? '')
    }
  },
  find: async ({ peer }) => {
    const found = await node.peerRouting.findPeer(peerIdFromString(peer), soon())
    return { addrs: found.multiaddrs.map(String) }
  },
  peers: async () => ({
    peers: node.getConnections().map(connection => ({
      id: connection.remotePeer.toString(), addrs: [connection.remoteAddr.toString()]
    }))
  })
}

const say = answer => process.stdout.write(JSON.stringify(answer) + '\n')

say({ id: node.peerId.toString(), addrs: node.getMultiaddrs().map(String) })
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const began = performance.now()
  let answer
  try {
    answer = { ok: true, ...await handlers[asked.do](asked) }
  } catch (error) {
    answer = { ok: false, error: String(error.message || error) }
  }
  say({ ...answer, ms: Math.round((performance.now() - began) * 100) / 100 })
}
await node.stop()
process.exit()
