-- Devices that say that the metadata they trust has expired (SPEC 10.7).  The view's column is appended; an older binary leaves
-- the table's as it is.

SET LOCAL search_path = otad;

ALTER TABLE device_heartbeat ADD COLUMN stale_since timestamptz CHECK (stale_since <= at);
COMMENT ON COLUMN device_heartbeat.stale_since IS 'Since when it says that the metadata it trusts has expired (SPEC 10.7); NULL = it does not';
CREATE INDEX device_heartbeat_stale ON device_heartbeat (tenant_id, device_no) WHERE stale_since IS NOT NULL;

CREATE OR REPLACE VIEW device_row WITH (security_invoker = true) AS
SELECT d.tenant_id, d.device_no, d.device_id, d.name, p.name AS platform, d.channel, d.version,
       s.address, unix_s(s.last_seen_at) AS last_seen_at_unix_s, unix_s(d.registered_at) AS registered_at_unix_s,
       u.update_id, u.release_id, up.name AS update_platform, u.version AS update_version, u.from_version, u.state,
       u.progress_percent, u.reason, u.created_by, unix_s(u.created_at) AS created_at_unix_s,
       unix_s(u.updated_at) AS updated_at_unix_s,
       d.token_hash, d.platform_id, d.config_wanted, d.security_counter,
       s.last_seen_at,
       d.skip_release_id, unix_s(h.at) AS heartbeat_at_unix_s,
       h.version AS heartbeat_version, h.slot, h.reset_cause, h.address AS heartbeat_address, h.app,
       coalesce(h.uptime_s, -1) AS uptime_s, coalesce(h.free_bytes, -1) AS free_bytes,
       d.installed_update_id,
       l.state AS last_state, l.version AS last_version, l.reason AS last_reason, unix_s(l.closed_at) AS last_closed_at_unix_s,
       u.source, unix_s(u.started_at) AS started_at_unix_s, d.plain, unix_s(h.stale_since) AS stale_since_unix_s
  FROM device d
  JOIN device_seen s USING (tenant_id, device_no)
  LEFT JOIN platform p ON p.tenant_id = d.tenant_id AND p.platform_id = d.platform_id
  LEFT JOIN device_update u ON u.tenant_id = d.tenant_id AND u.device_no = d.device_no AND u.closed_at IS NULL
  LEFT JOIN platform up ON up.tenant_id = u.tenant_id AND up.platform_id = u.platform_id
  LEFT JOIN device_heartbeat h ON h.tenant_id = d.tenant_id AND h.device_no = d.device_no
  LEFT JOIN device_update l ON l.tenant_id = d.tenant_id AND l.update_id = d.last_update_id AND l.closed_at IS NOT NULL;
