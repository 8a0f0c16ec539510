// go-libp2p as a peer on loopback, by the contract of ../README.md.
//
// usage: peer [--key NAME]        NAME: of the file that the variable KN_KEYS names
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const (
	echoProtocol = "/kwaainet/echo/1.0.0"
	timeout      = 10 * time.Second
	lineBytes    = 1 << 20
)

type fields map[string]any

type command struct {
	Do    string `json:"do"`
	Peer  string `json:"peer"`
	Bytes int64  `json:"bytes"`
}

func say(answer fields) {
	line, _ := json.Marshal(answer)
	fmt.Println(string(line))
}

// An identity of keys.json; none for the empty name.
func identity(name string) (libp2p.Option, error) {
	if name == "" {
		return libp2p.RandomIdentity, nil
	}
	text, err := os.ReadFile(os.Getenv("KN_KEYS"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Keys map[string]struct {
			Private string `json:"private"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	data, err := hex.DecodeString(file.Keys[name].Private)
	if err != nil {
		return nil, err
	}
	key, err := crypto.UnmarshalPrivateKey(data)
	return libp2p.Identity(key), err
}

// Connects to an address; an id alone is of a peer that is connected.
func connect(ctx context.Context, h host.Host, text string) (peer.ID, error) {
	if id, err := peer.Decode(text); err == nil {
		return id, nil
	}
	info, err := peer.AddrInfoFromString(text)
	if err != nil {
		return "", err
	}
	return info.ID, h.Connect(ctx, *info)
}

func pingOnce(ctx context.Context, h host.Host, id peer.ID) error {
	result := <-ping.Ping(ctx, h, id)
	return result.Error
}

func echo(ctx context.Context, h host.Host, id peer.ID, count int64) error {
	stream, err := h.NewStream(ctx, id, echoProtocol)
	if err != nil {
		return err
	}
	defer stream.Reset()
	sent, got := make([]byte, count), make([]byte, count)
	rand.Read(sent)
	go stream.Write(sent)
	if _, err := io.ReadFull(stream, got); err != nil {
		return err
	}
	if !bytes.Equal(sent, got) {
		return errors.New("other bytes came back")
	}
	return stream.Close()
}

// What the peer said of itself; waits until it has.
func identify(ctx context.Context, h host.Host, id peer.ID) (fields, error) {
	events, err := h.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return nil, err
	}
	defer events.Close()
	for {
		protocols, _ := h.Peerstore().GetProtocols(id)
		if len(protocols) > 0 {
			agent, _ := h.Peerstore().Get(id, "AgentVersion")
			version, _ := h.Peerstore().Get(id, "ProtocolVersion")
			return fields{"agent": agent, "version": version, "protocols": protocols,
				"addrs": h.Peerstore().Addrs(id)}, nil
		}
		select {
		case <-events.Out():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func connected(h host.Host) fields {
	found := []fields{}
	for _, conn := range h.Network().Conns() {
		found = append(found, fields{"id": conn.RemotePeer().String(),
			"addrs": []string{conn.RemoteMultiaddr().String()}})
	}
	return fields{"peers": found}
}

func carryOut(h host.Host, asked command) (fields, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if asked.Do == "peers" {
		return connected(h), nil
	}
	id, err := connect(ctx, h, asked.Peer)
	if err != nil {
		return nil, err
	}
	switch asked.Do {
	case "connect":
		return nil, nil
	case "ping":
		return nil, pingOnce(ctx, h, id)
	case "echo":
		return nil, echo(ctx, h, id, asked.Bytes)
	case "identify":
		return identify(ctx, h, id)
	}
	return nil, fmt.Errorf("unknown command %q", asked.Do)
}

func answer(h host.Host, line []byte) fields {
	var asked command
	began := time.Now()
	err := json.Unmarshal(line, &asked)
	var found fields
	if err == nil {
		found, err = carryOut(h, asked)
	}
	if err != nil {
		return fields{"ok": false, "error": err.Error()}
	}
	if found == nil {
		found = fields{}
	}
	found["ok"], found["ms"] = true, float64(time.Since(began).Microseconds())/1000
	return found
}

func run() error {
	name := flag.String("key", "", "an identity of keys.json")
	flag.Parse()
	key, err := identity(*name)
	if err != nil {
		return err
	}
	h, err := libp2p.New(key, libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.DisableRelay())
	if err != nil {
		return err
	}
	defer h.Close()
	h.SetStreamHandler(echoProtocol, func(stream network.Stream) {
		io.Copy(stream, stream)
		stream.Close()
	})
	addrs := []string{}
	for _, addr := range h.Addrs() {
		addrs = append(addrs, fmt.Sprintf("%s/p2p/%s", addr, h.ID()))
	}
	say(fields{"id": h.ID().String(), "addrs": addrs})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytes)
	for lines.Scan() {
		say(answer(h, lines.Bytes()))
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
