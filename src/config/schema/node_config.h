/*
 * node_config — the whole configuration of a node as one struct (TR-3 of the requirements).
 *
 * Written by hand; settings.c binds each member to a row of the table, and the compiler refuses a
 * row whose type is not the member's. Units: sizes in bytes, durations in milliseconds, whatever
 * unit the key is written in. What each member means stands in its row.
 */
#ifndef KN_CONFIG_NODE_CONFIG_H
#define KN_CONFIG_NODE_CONFIG_H

#include "config/schema/value.h"

struct kn_node_identity {
    struct kn_string name, version;
    struct kn_int port;
    struct kn_path identity_key;
};

struct kn_rebalance_config {
    struct kn_bool enabled;
    struct kn_duration interval;
    struct kn_int min_redundancy;
    struct kn_number quality;
};

struct kn_model_config {
    struct kn_string name, repository, revision, dht_prefix;
    struct kn_path path;
    struct kn_bool download;
    struct kn_int start_block, end_block, blocks, total_blocks;
    struct kn_choice dtype, quant_type;
    struct kn_rebalance_config rebalance;
};

struct kn_performance_config {
    struct kn_number throughput, network_rps, forward_rps, inference_rps;
    struct kn_int cache_tokens;
    struct kn_string device;
    struct kn_string_list tensor_parallel_devices;
    struct kn_int max_sequence_tokens, min_batch_tokens, max_batch_tokens, max_concurrent;
    struct kn_size max_chunk_bytes;
    struct kn_choice compression;
    struct kn_duration cache_wait_timeout, session_timeout, step_timeout;
};

struct kn_network_config {
    struct kn_multiaddr_list bootstrap_peers, trusted_relays, announce_addrs, listen_addrs;
    struct kn_bool new_swarm, enable_dht, enable_nat_traversal, enable_upnp;
    struct kn_bool enable_relay_client, enable_relay_server, force_private, check_reachability;
    struct kn_int dht_replication, public_port, max_connections, max_relay_reservations;
    struct kn_int address_confirmations;
    struct kn_string public_ip, map_endpoint;
    struct kn_duration connection_timeout, request_timeout, address_timeout;
};

struct kn_dht_config {
    struct kn_duration announce_interval, expiration, bootstrap_timeout, discovery_timeout;
    struct kn_bool announce;
};

struct kn_resources_config {
    struct kn_size max_memory_gb, max_gpu_memory_gb, max_disk_space_gb;
    struct kn_int max_models, max_cpu_percent, max_open_files;
    struct kn_path cache_dir;
    struct kn_bool pause_on_battery, pause_on_gpu_busy;
    struct kn_schedule_list schedules;
};

struct kn_logging_config {
    struct kn_choice level, format;
    struct kn_string_list modules;
    struct kn_path file_path;
    struct kn_size max_file_size_mb;
    struct kn_int backup_count;
};

struct kn_reconnect_config {
    struct kn_bool enabled, jitter;
    struct kn_int max_attempts;
    struct kn_choice strategy;
    struct kn_duration initial_delay, max_delay;
    struct kn_number multiplier;
};

struct kn_health_config {
    struct kn_bool enabled;
    struct kn_duration check_interval, timeout;
    struct kn_int failure_threshold;
    struct kn_reconnect_config reconnect;
};

struct kn_state_config {
    struct kn_choice initial;
    struct kn_bool using_relay;
    struct kn_string_list adapters;
};

struct kn_calibration_config {
    struct kn_choice preset;
};

struct kn_alerts_config {
    struct kn_bool enabled, on_disconnect, on_reconnect, on_critical;
    struct kn_duration after;
    struct kn_int min_connections;
    struct kn_string webhook_url, email, command;
};

struct kn_node_config {
    struct kn_string schema_version;
    struct kn_node_identity node;
    struct kn_model_config model;
    struct kn_performance_config performance;
    struct kn_network_config network;
    struct kn_dht_config dht;
    struct kn_resources_config resources;
    struct kn_logging_config logging;
    struct kn_health_config health;
    struct kn_state_config state;
    struct kn_calibration_config calibration;
    struct kn_alerts_config alerts;
};

#endif
