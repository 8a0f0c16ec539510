/*
 * Every setting. A row's key is its member's name, and the compiler refuses a row whose type is
 * not the member's. A switch of a part that is not built yet falls back to off.
 */
#include "config/schema/form.h"
#include "config/schema/node_config.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"

#define SETTING(ctype, member)                                                   \
    .key = #member, .key_length = sizeof(#member) - 1, .type = &kn_type_##ctype, \
    .offset = offsetof(struct kn_node_config, member) +                          \
              _Generic(((struct kn_node_config *)0)->member, struct kn_##ctype : 0)

#define AUTO .accepts = KN_ACCEPTS_AUTO, .fallback = "auto"
#define NOTHING .accepts = KN_ACCEPTS_NULL, .fallback = NULL
#define LIVE .apply = KN_APPLY_LIVE
#define RECONNECT .apply = KN_APPLY_RECONNECT
#define RESTART .apply = KN_APPLY_RESTART
#define SECONDS .unit = "s", .range = { 0.001, 30 * 86400 }
#define COUNT .range = { 1, 2147483647 }
#define BLOCK_INDEX .range = { 0, 65535 }
#define TOKENS .unit = "tokens", .range = { 1, 2147483647 }
#define GIB .unit = "GiB", .range = { 1.0 / 1024, 1024 * 1024 }

const struct kn_section kn_sections[] = {
    { "node", "Who this node is, and where it listens." },
    { "model", "Which model, which of its blocks, in which number format." },
    { "performance", "How fast it says it is, and how much it takes on at a time." },
    { "network", "Whom it talks to, and how others reach it." },
    { "dht", "How it joins the distributed hash table and keeps its records alive." },
    { "resources", "What of this machine it may use, and when." },
    { "logging", "What it writes down, where, and how much of it." },
    { "health", "How it watches itself, and what it does when something is wrong." },
    { "state", "What it announces about itself." },
    { "calibration", "How much of the machine's memory the automatic choice takes." },
    { "alerts", "Whom it tells when it loses the network." },
};
const size_t kn_section_count = KN_COUNT(kn_sections);

const struct kn_rename kn_renames[] = {
    { "performance.cache_capacity", "performance.cache_tokens", "1.0.0" },
};
const size_t kn_rename_count = KN_COUNT(kn_renames);

const struct kn_setting kn_settings[] = {
    { SETTING(string, schema_version), .form = &kn_form_semver, .fallback = KN_SCHEMA_VERSION,
      RESTART, .obeyed_by = "config", .brief = "Version of the rules that this file follows.",
      .detail = "A file without it follows the newest rules. An older one is translated when it is "
                "read; a newer major one is refused." },

    { SETTING(string, node.name), AUTO, .form = &kn_form_node_name,
      .computed_by = "user and host name", .flag = "--name", .value_name = "NAME",
      .alias = "PUBLIC_NAME", RECONNECT, .obeyed_by = "node",
      .brief = "The name that people see on the network." },
    { SETTING(string, node.version), .form = &kn_form_version, .fallback = "1.0.0",
      .flag = "--node-version", .value_name = "X.Y.Z", RECONNECT, .obeyed_by = "node",
      .brief = "The version that the node announces.",
      .detail = "Other nodes ignore records whose version is not X.Y.Z of at least 0.3.15. The "
                "flag --version with a value sets it too." },
    { SETTING(int, node.port), AUTO, .range = { 1, 65535 },
      .computed_by = "the first free port of 8080-8100", .flag = "--port", .value_name = "N",
      .alias = "KWAAINET_PORT", RESTART, .obeyed_by = "node",
      .brief = "The TCP port on which the node listens.",
      .detail = "A number is strict: when that port is taken, the node does not start." },
    { SETTING(path, node.identity_key), .fallback = "identity.key", RESTART, .obeyed_by = "node",
      .brief = "The file with the node's private key, from which its peer id comes.",
      .detail = "The built-in name stands for a file in the data folder." },

    { SETTING(string, model.name), AUTO, .form = &kn_form_filled,
      .computed_by = "the model with most providers that fits this machine", .flag = "--model",
      .value_name = "NAME", .alias = "KWAAINET_MODEL", RESTART, .obeyed_by = "node",
      .brief = "The model whose blocks the node serves." },
    { SETTING(string, model.repository), AUTO, .form = &kn_form_filled,
      .computed_by = "the registry entry of the model", RESTART, .obeyed_by = "node",
      .brief = "Where the weights are, as organisation/name." },
    { SETTING(string, model.revision), NOTHING, .form = &kn_form_filled, RESTART,
      .obeyed_by = "node", .brief = "Branch, tag or commit of the repository." },
    { SETTING(path, model.path), NOTHING, RESTART, .obeyed_by = "node",
      .brief = "A folder on this machine that holds the model's files." },
    { SETTING(bool, model.download), AUTO,
      .computed_by = "true where a trusted repository fits on the disk", RESTART,
      .obeyed_by = "node",
      .brief = "Fetch the files of the planned blocks from the hub where they are missing.",
      .detail =
          "Left automatic, files come only from a repository that you named, or that belongs to "
          "the authors of a well-known model, and take at most half of what is free on the disk; "
          "true takes whatever the network names, up to the last GiB. Nothing is fetched "
          "with model.path or with HF_HUB_OFFLINE. HF_TOKEN, HF_ENDPOINT, HF_HOME and "
          "HF_HUB_CACHE count as they do for Hugging Face's programs." },
    { SETTING(string, model.dht_prefix), AUTO, .form = &kn_form_prefix,
      .computed_by = "the spelling that the registry lists", RESTART, .obeyed_by = "node",
      .brief = "The first part of the keys under which blocks are announced." },
    { SETTING(int, model.start_block), AUTO, BLOCK_INDEX,
      .computed_by = "the least served window of blocks", .flag = "--start-block",
      .value_name = "N", RESTART, .obeyed_by = "node",
      .brief = "The first block that the node serves." },
    { SETTING(int, model.end_block), AUTO, .range = { 1, 65535 },
      .computed_by = "start_block and the number of blocks", .flag = "--end-block",
      .value_name = "N", RESTART, .obeyed_by = "node",
      .brief = "The block after the last one that the node serves." },
    { SETTING(int, model.blocks), AUTO, .range = { 1, 65535 }, .computed_by = "calibration",
      .flag = "--blocks", .value_name = "N", .alias = "KWAAINET_BLOCKS", RESTART,
      .obeyed_by = "node", .brief = "How many blocks the node serves.",
      .detail = "Together with both ends it must agree with them." },
    { SETTING(int, model.total_blocks), AUTO, .range = { 1, 65535 },
      .computed_by = "the model's own files or the registry", RESTART, .obeyed_by = "node",
      .brief = "How many blocks the whole model has.",
      .detail = "Counts where neither the model's files nor the built-in table tell, before the "
                "registry; a model known to have another number is not served." },
    { SETTING(choice, model.dtype), AUTO, .words = kn_words_dtype, .computed_by = "hardware",
      .flag = "--dtype", .value_name = "TYPE", RESTART, .obeyed_by = "node",
      .brief = "Number format of weights and activations." },
    { SETTING(choice, model.quant_type), AUTO, .words = kn_words_quant_type,
      .computed_by = "hardware", .flag = "--quant-type", .value_name = "TYPE", RESTART,
      .obeyed_by = "node", .brief = "How the weights are compressed in memory." },
    { SETTING(bool, model.rebalance.enabled), .fallback = "false", LIVE, .obeyed_by = "node",
      .brief = "Move to blocks that fewer nodes serve while the node runs.",
      .detail =
          "Only where start_block and end_block are automatic. New blocks that cannot be served "
          "are given up for the old ones." },
    { SETTING(duration, model.rebalance.interval), SECONDS, .fallback = "5m", LIVE,
      .obeyed_by = "node", .brief = "How often a better place is looked for.",
      .detail = "From half of it to one and a half, by chance. It is also how long the node stays "
                "after a move, and how long open sessions have to end before one." },
    { SETTING(int, model.rebalance.min_redundancy), COUNT, .fallback = "1", LIVE,
      .obeyed_by = "node",
      .brief = "How many other nodes must serve our blocks before we leave them." },
    { SETTING(number, model.rebalance.quality), .range = { 0, 1 }, .fallback = "0.75", LIVE,
      .obeyed_by = "node",
      .brief = "Move when the swarm's throughput is below this share of the best one.",
      .detail =
          "The throughput is that of the least served block, of those that the node serves and "
          "those that it would serve. 0 means never." },

    { SETTING(number, performance.throughput), AUTO, .range = { 1e-6, 1e9 }, .unit = "tokens/s",
      .computed_by = "measurement", LIVE, .obeyed_by = "node",
      .brief = "The speed that the node announces." },
    { SETTING(number, performance.network_rps), AUTO, .range = { 1e-6, 1e9 }, .unit = "requests/s",
      .computed_by = "measurement", LIVE, .obeyed_by = "node",
      .brief = "Requests a second that the network connection carries." },
    { SETTING(number, performance.forward_rps), AUTO, .range = { 1e-6, 1e9 }, .unit = "requests/s",
      .computed_by = "measurement", LIVE, .obeyed_by = "node",
      .brief = "Tokens a second of a forward pass through one block." },
    { SETTING(number, performance.inference_rps), AUTO, .range = { 1e-6, 1e9 },
      .unit = "requests/s", .computed_by = "measurement", LIVE, .obeyed_by = "node",
      .brief = "Tokens a second of inference through one block." },
    { SETTING(int, performance.cache_tokens), AUTO, TOKENS,
      .computed_by = "20 % of the assigned memory", RESTART, .obeyed_by = "node",
      .brief = "Room of the attention cache." },
    { SETTING(string, performance.device), AUTO, .form = &kn_form_device, .computed_by = "hardware",
      .flag = "--device", .value_name = "DEVICE", RESTART, .obeyed_by = "node",
      .brief = "What computes the blocks." },
    { SETTING(string_list, performance.tensor_parallel_devices), .form = &kn_form_device,
      .fallback = "[]", RESTART, .brief = "Devices among which each block is split." },
    { SETTING(int, performance.max_sequence_tokens), AUTO, TOKENS, .computed_by = "the model",
      RESTART, .obeyed_by = "node", .brief = "The longest session." },
    { SETTING(int, performance.min_batch_tokens), TOKENS, .fallback = "1", LIVE,
      .obeyed_by = "node", .brief = "The smallest batch that is computed at once.",
      .detail = "Fewer tokens wait for those of other sessions, but no longer than 20 ms, and not "
                "when every session waits." },
    { SETTING(int, performance.max_batch_tokens), AUTO, TOKENS, .computed_by = "memory", LIVE,
      .obeyed_by = "node", .brief = "The largest batch that is computed at once." },
    { SETTING(size, performance.max_chunk_bytes), .unit = "B", .range = { 1024, 1099511627776 },
      .fallback = "256MiB", LIVE, .obeyed_by = "node",
      .brief = "The largest activation that is computed at once.",
      .detail = "All numbers between two layers of one pass, in float32; what is longer goes in "
                "parts. One token always goes." },
    { SETTING(choice, performance.compression), .words = kn_words_compression, .fallback = "none",
      LIVE, .obeyed_by = "node",
      .brief = "How tensors are compressed on the way back to a client." },
    { SETTING(duration, performance.cache_wait_timeout), SECONDS, .fallback = "10m", LIVE,
      .obeyed_by = "node", .brief = "How long a session may wait for room in the cache." },
    { SETTING(duration, performance.session_timeout), SECONDS, .fallback = "30m", LIVE,
      .obeyed_by = "node", .brief = "How long a session may last." },
    { SETTING(duration, performance.step_timeout), SECONDS, .fallback = "5m", LIVE,
      .obeyed_by = "node", .brief = "How long a session may wait for its next step." },
    { SETTING(int, performance.max_concurrent), AUTO, COUNT,
      .computed_by = "as many as one pass holds", LIVE, .obeyed_by = "node",
      .brief = "How many sessions are computed at the same time.",
      .detail = "The others wait for their turn, which comes." },

    { SETTING(multiaddr_list, network.bootstrap_peers), .form = &kn_form_peer,
      .accepts = KN_ACCEPTS_NULL, RECONNECT, .flag = "--bootstrap", .value_name = "ADDRESS",
      .fallback =
          "/dns/bootstrap-1.kwaai.ai/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc,"
          "/dns/bootstrap-2.kwaai.ai/tcp/8000/p2p/Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY,"
          "/ip4/18.219.43.67/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc,"
          "/ip4/52.23.252.2/tcp/8000/p2p/Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY",
      .alias = "INITIAL_PEERS", .obeyed_by = "network",
      .brief = "The peers through which the node enters the network.",
      .detail = "A list replaces weaker ones; each --bootstrap adds one peer to the list that "
                "wins. The built-in list stands only when nobody names a peer." },
    { SETTING(bool, network.new_swarm), .fallback = "false", RESTART, .obeyed_by = "node",
      .brief = "Begin a network of its own instead of joining one." },
    { SETTING(bool, network.enable_dht), .fallback = "true", RESTART, .obeyed_by = "network",
      .brief = "Take part in the distributed hash table.",
      .detail = "With false the node asks others and announces what it serves, but keeps no record "
                "for them and answers no question; nobody enters the network through it." },
    { SETTING(int, network.dht_replication), .range = { 1, 20 }, .fallback = "5", RESTART,
      .obeyed_by = "network", .brief = "On how many nodes a record is stored.",
      .detail = "On those nearest to its key, as hivemind does, and on every bootstrap besides." },
    { SETTING(bool, network.enable_nat_traversal), .fallback = "true", RECONNECT,
      .obeyed_by = "network",
      .brief = "Find out whether others can reach this node, and work around it when not." },
    { SETTING(bool, network.enable_upnp), .fallback = "false", RECONNECT,
      .brief = "Ask the router to forward the port." },
    { SETTING(bool, network.enable_relay_client), .fallback = "true", RECONNECT,
      .obeyed_by = "network",
      .brief = "Be reached through other nodes when there is no direct way." },
    { SETTING(bool, network.enable_relay_server), .fallback = "false", RECONNECT,
      .brief = "Let other nodes be reached through this one." },
    { SETTING(multiaddr_list, network.trusted_relays), .form = &kn_form_peer, .fallback = "[]",
      RECONNECT, .obeyed_by = "network", .brief = "Relays that are tried first." },
    { SETTING(bool, network.force_private), .fallback = "false", RECONNECT, .obeyed_by = "network",
      .brief = "Act as if nobody could reach this node directly." },
    { SETTING(string, network.public_ip), AUTO, .form = &kn_form_ip,
      .computed_by = "what other nodes see", .alias = "PUBLIC_IP", RECONNECT, .obeyed_by = "node",
      .brief = "The address under which others reach this machine.",
      .detail = "Told to others with network.public_port in place of the addresses that the node "
                "listens on. network.announce_addrs comes first." },
    { SETTING(int, network.public_port), AUTO, .range = { 1, 65535 }, .computed_by = "node.port",
      RECONNECT, .obeyed_by = "node", .brief = "The port under which others reach this node.",
      .detail = "Used with network.public_ip." },
    { SETTING(multiaddr_list, network.announce_addrs), AUTO, .form = &kn_form_multiaddr,
      .computed_by = "public_ip, public_port and what other nodes see", .alias = "ANNOUNCE_ADDR",
      RECONNECT, .obeyed_by = "node", .brief = "The full addresses that the node tells others." },
    { SETTING(multiaddr_list, network.listen_addrs), AUTO, .form = &kn_form_multiaddr,
      .computed_by = "all interfaces on node.port", RESTART, .obeyed_by = "node",
      .brief = "The addresses on which the node listens, exactly these." },
    { SETTING(duration, network.connection_timeout), SECONDS, .fallback = "30s", LIVE,
      .obeyed_by = "network", .brief = "How long a connection may take to come about.",
      .detail = "A sixth of it, or 5 s, goes to one address, half of it, or 15 s, to the "
                "handshake: whichever is more." },
    { SETTING(duration, network.request_timeout), SECONDS, .fallback = "60s", LIVE,
      .obeyed_by = "network", .brief = "How long a request may take.",
      .detail = "Until one of another node has come whole, and until one of ours is answered, "
                "where nothing shorter holds. A forward pass, whose numbers are large, has three "
                "times as long to come, to be computed and to be read." },
    { SETTING(int, network.max_connections), .range = { 1, 10000 }, .fallback = "100",
      .flag = "--max-connections", .value_name = "N", LIVE, .obeyed_by = "node",
      .brief = "How many peers may be connected at the same time.",
      .detail =
          "A quarter of them, at least four but no more than half, is kept for "
          "connections that the node opens itself. When the others are all in use, a newcomer "
          "goes before one of the address, or IPv6 /64, from which most came. Lowering it on "
          "a running node closes the least useful connections first." },
    { SETTING(int, network.max_relay_reservations), .range = { 1, 8 }, .fallback = "2", RECONNECT,
      .obeyed_by = "network", .brief = "At how many relays the node asks for a place." },
    { SETTING(int, network.address_confirmations), .range = { 1, 64 }, .fallback = "2", RECONNECT,
      .obeyed_by = "network",
      .brief = "How many peers must see the same address before it is believed." },
    { SETTING(duration, network.address_timeout), SECONDS, .fallback = "45s", RECONNECT,
      .obeyed_by = "network", .brief = "How long the node waits for them.",
      .detail = "When nobody has come to it by then, and nobody can say whether they could, it "
                "looks for relays, if it may." },
    { SETTING(bool, network.check_reachability), .fallback = "false", RECONNECT,
      .obeyed_by = "node", .brief = "Ask other nodes to dial back before anything is announced.",
      .detail = "Who cannot be dialled is announced once a relay has a place for it; where nobody "
                "can tell within network.address_timeout, it is announced all the same." },
    { SETTING(string, network.map_endpoint), .form = &kn_form_url_or_off, .fallback = "off", LIVE,
      .obeyed_by = "app", .brief = "A map service that is shown as a link; off for none." },

    { SETTING(duration, dht.announce_interval), SECONDS, .fallback = "2m", LIVE,
      .obeyed_by = "node", .brief = "How often the node renews its records." },
    { SETTING(duration, dht.expiration), .accepts = KN_ACCEPTS_AUTO, .fallback = "auto", SECONDS,
      .computed_by = "3 times the interval", LIVE, .obeyed_by = "node",
      .brief = "How long a record lives without being renewed.",
      .detail = "Nodes of kwaainet keep what another announces for two days at most." },
    { SETTING(duration, dht.bootstrap_timeout), SECONDS, .fallback = "60s", LIVE,
      .obeyed_by = "node", .brief = "How long joining may take.",
      .detail = "A bootstrap that does not answer is asked again, and has twice as long each time: "
                "from dht.discovery_timeout up to this." },
    { SETTING(duration, dht.discovery_timeout), SECONDS, .fallback = "4s", LIVE,
      .obeyed_by = "network", .brief = "How long the first look at the network may take." },
    { SETTING(bool, dht.announce), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Tell the network what this node serves." },

    { SETTING(size, resources.max_memory_gb), NOTHING, GIB, .flag = "--max-memory",
      .value_name = "SIZE", .alias = "KWAAINET_MAX_MEMORY", LIVE, .obeyed_by = "node",
      .brief = "Memory that the node may use.",
      .detail = "Blocks are planned within it. The kernel keeps it, with 128 MiB beside it for the "
                "rest: as a limit of the control group that a service has handed down, else as one "
                "of this process's own memory. kwaainet status says which." },
    { SETTING(size, resources.max_gpu_memory_gb), NOTHING, GIB, LIVE, .obeyed_by = "node",
      .brief = "GPU memory that the node may use." },
    { SETTING(int, resources.max_models), .range = { 1, 64 }, .fallback = "1", LIVE,
      .brief = "How many models are served at the same time." },
    { SETTING(int, resources.max_cpu_percent), NOTHING, .range = { 1, 100 }, .unit = "%", LIVE,
      .obeyed_by = "node",
      .brief = "Share of the whole machine's processors that the node may use.",
      .detail = "The kernel keeps it as time of the control group that a service has handed down, "
                "else by running the node on so many processors; what is left of one, the node "
                "keeps by resting. kwaainet status says who does." },
    { SETTING(size, resources.max_disk_space_gb), NOTHING, GIB, LIVE, .obeyed_by = "node",
      .brief = "Disk space that downloaded models may take.",
      .detail = "All that lies in the cache counts, also what other programs put there." },
    { SETTING(path, resources.cache_dir), AUTO, .computed_by = "the Hugging Face cache", RESTART,
      .obeyed_by = "node", .brief = "Where downloaded models are kept." },
    { SETTING(int, resources.max_open_files), .range = { 0, 1048576 }, .fallback = "4096", RESTART,
      .obeyed_by = "node",
      .brief = "Limit of open files that the node asks for; 0 keeps the system's." },
    { SETTING(bool, resources.pause_on_battery), .fallback = "false", LIVE, .obeyed_by = "node",
      .brief = "Serve nothing while the machine runs on its battery." },
    { SETTING(bool, resources.pause_on_gpu_busy), .fallback = "false", LIVE, .obeyed_by = "node",
      .brief = "Serve nothing while another program uses the GPU." },
    { SETTING(schedule_list, resources.schedules), .fallback = "[]", LIVE, .obeyed_by = "node",
      .brief = "Windows of time with limits of their own.",
      .detail =
          "Each entry has name, cron (start, five fields), duration, timezone (local, UTC or a "
          "name such as Europe/Berlin) and limits: max_memory_gb, max_gpu_memory_gb, max_models, "
          "max_cpu_percent, max_disk_space_gb. A limit that is left out is the base one; a 0 for "
          "memory, models or processors pauses the node. kwaainet schedule shows what comes." },

    { SETTING(choice, logging.level), .words = kn_words_level, .fallback = "info",
      .flag = "--log-level", .value_name = "LEVEL", .alias = "KWAAINET_LOG_LEVEL", LIVE,
      .obeyed_by = "node", .brief = "How much is logged.",
      .detail =
          "Of an event that comes more than 20 times in a minute, at debug and trace more than "
          "1000 times, the rest is counted, and the count is logged when the minute is "
          "over." },
    { SETTING(string_list, logging.modules), .form = &kn_form_module, .fallback = "[]", LIVE,
      .obeyed_by = "node", .brief = "Levels of single parts, such as network=debug.",
      .detail = "The parts are node, config, network, dht, blocks, serving, control, health, "
                "schedule, reload and log. Of two levels for one part the last counts." },
    { SETTING(choice, logging.format), .words = kn_words_log_format, .fallback = "text", LIVE,
      .obeyed_by = "node", .brief = "Lines for people or for programs." },
    { SETTING(path, logging.file_path), NOTHING, .flag = "--log-file", .value_name = "PATH", LIVE,
      .obeyed_by = "node", .brief = "A file that receives the log.",
      .detail = "Without it a node in the background writes logs/kwaainet.log in the data folder, "
                "and one in the foreground writes to the standard error, but only where that is "
                "the system's journal or where logging.level, logging.modules or logging.format "
                "says something. The file is made with mode 0600. One that is moved away or "
                "removed is made anew, at most a second after the next line. Lines that a full "
                "disk does not take are counted, and the count is logged once there is room." },
    { SETTING(size, logging.max_file_size_mb), .unit = "MiB", .range = { 1.0 / 1024, 1024 * 1024 },
      .fallback = "100MiB", LIVE, .obeyed_by = "node",
      .brief = "A log file of this size is put aside and a new one begun." },
    { SETTING(int, logging.backup_count), .range = { 0, 1000 }, .fallback = "5", LIVE,
      .obeyed_by = "node", .brief = "How many of those are kept; 0 keeps none.",
      .detail = "The newest is called PATH.1. With 0 the file is emptied instead." },

    { SETTING(bool, health.enabled), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Let the node check itself." },
    { SETTING(duration, health.check_interval), SECONDS, .fallback = "60s", LIVE,
      .obeyed_by = "node", .brief = "How often it does.",
      .detail = "While something is in doubt it looks again after 5 s, and at once when the "
                "connection to a bootstrap is lost." },
    { SETTING(duration, health.timeout), SECONDS, .fallback = "10s", LIVE, .obeyed_by = "node",
      .brief = "How long one check may take." },
    { SETTING(int, health.failure_threshold), .range = { 1, 1000 }, .fallback = "3", LIVE,
      .obeyed_by = "node", .brief = "How many failures in a row count.",
      .detail = "What is well again counts from its second success on." },
    { SETTING(bool, health.reconnect.enabled), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Connect anew when the network is lost." },
    { SETTING(int, health.reconnect.max_attempts), .range = { 0, 1000000 }, .fallback = "10", LIVE,
      .obeyed_by = "node", .brief = "How often that is tried; 0 has no limit.",
      .detail = "Afterwards the checks alone go on asking the bootstraps." },
    { SETTING(choice, health.reconnect.strategy), .words = kn_words_backoff,
      .fallback = "exponential", LIVE, .obeyed_by = "node",
      .brief = "How the delay between two attempts grows." },
    { SETTING(duration, health.reconnect.initial_delay), SECONDS, .fallback = "30s", LIVE,
      .obeyed_by = "node", .brief = "The first delay." },
    { SETTING(duration, health.reconnect.max_delay), SECONDS, .fallback = "30m", LIVE,
      .obeyed_by = "node", .brief = "The longest delay." },
    { SETTING(number, health.reconnect.multiplier), .range = { 1, 100 }, .fallback = "2", LIVE,
      .obeyed_by = "node", .brief = "Factor of the exponential strategy." },
    { SETTING(bool, health.reconnect.jitter), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Choose each delay at random between 0 and the computed one." },

    { SETTING(choice, state.initial), .words = kn_words_state, .fallback = "JOINING", RESTART,
      .obeyed_by = "node", .brief = "The state in which the node begins." },
    { SETTING(bool, state.using_relay), AUTO, .computed_by = "measurement", RECONNECT,
      .obeyed_by = "node", .brief = "Whether others reach the node through a relay.",
      .detail = "What is measured is announced, whatever is written; kwaainet status tells where "
                "that differs." },
    { SETTING(string_list, state.adapters), .form = &kn_form_word, .fallback = "[]", RESTART,
      .brief = "Adapters that the node offers with its blocks." },

    { SETTING(choice, calibration.preset), .words = kn_words_preset, .fallback = "recommended",
      .flag = "--preset", .value_name = "PRESET", RESTART, .obeyed_by = "node",
      .brief = "Which of the three calibrated sizes an automatic start takes." },

    { SETTING(bool, alerts.enabled), .fallback = "false", LIVE, .obeyed_by = "node",
      .brief = "Send alerts." },
    { SETTING(bool, alerts.on_disconnect), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Tell when the network was lost." },
    { SETTING(bool, alerts.on_reconnect), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Tell when it is back." },
    { SETTING(bool, alerts.on_critical), .fallback = "true", LIVE, .obeyed_by = "node",
      .brief = "Tell when the node fails, or gives up reconnecting.",
      .detail =
          "Memory, the disk, the clock, the event loop or the blocks: what health calls failing "
          "and is not the network." },
    { SETTING(duration, alerts.after), SECONDS, .fallback = "15m", LIVE, .obeyed_by = "node",
      .brief = "How long the network must be lost before an alert.",
      .detail = "It must be back for as long before that is told, but not for more than 5 s." },
    { SETTING(int, alerts.min_connections), .range = { 1, 10000 }, .fallback = "1", LIVE,
      .obeyed_by = "node", .brief = "Fewer connections than this count as lost." },
    { SETTING(string, alerts.webhook_url), NOTHING, .form = &kn_form_url, .secret = true, LIVE,
      .obeyed_by = "node", .brief = "Address that receives a POST for each alert.",
      .detail = "A JSON object with event, time, node, peer_id, reason and text; a status of 2xx "
                "within 20 s counts as taken. Redirects are not followed." },
    { SETTING(string, alerts.email), NOTHING, .form = &kn_form_email, LIVE,
      .brief = "Mail address for alerts." },
    { SETTING(string, alerts.command), NOTHING, .form = &kn_form_filled, LIVE, .obeyed_by = "node",
      .brief = "Command that is run for each alert.",
      .detail =
          "Words, of which quotes keep blanks together; no shell reads them unless one is "
          "named: sh -c '...'. It finds KWAAINET_ALERT_EVENT, _TIME, _NODE, _PEER_ID, _REASON "
          "and _TEXT in its environment and has 30 s. A configuration file that names a "
          "command is refused when another user owns it or others may write it." },
};
const size_t kn_setting_count = KN_COUNT(kn_settings);
