-- How a device's newest update ended, and what it last installed, without a look through its history.  View columns are only
-- appended; an older binary leaves the new columns as they are, so it can only show less.

SET LOCAL search_path = otad;

ALTER TABLE device ADD COLUMN last_update_id integer, ADD COLUMN installed_update_id integer;
ALTER TABLE device ADD FOREIGN KEY (tenant_id, last_update_id) REFERENCES device_update;
ALTER TABLE device ADD FOREIGN KEY (tenant_id, installed_update_id) REFERENCES device_update;
COMMENT ON COLUMN device.last_update_id IS 'Its newest update, open or closed; NULL = never had one';
COMMENT ON COLUMN device.installed_update_id IS 'The newest update that succeeded here; NULL = none did';

ALTER TABLE device NO FORCE ROW LEVEL SECURITY;
ALTER TABLE device_update NO FORCE ROW LEVEL SECURITY;
UPDATE device d
   SET last_update_id = u.last, installed_update_id = u.installed
  FROM (SELECT tenant_id, device_no, max(update_id) AS last, max(update_id) FILTER (WHERE state = 'succeeded') AS installed
          FROM device_update GROUP BY tenant_id, device_no) u
 WHERE u.tenant_id = d.tenant_id AND u.device_no = d.device_no;
ALTER TABLE device FORCE ROW LEVEL SECURITY;
ALTER TABLE device_update FORCE ROW LEVEL SECURITY;

CREATE OR REPLACE VIEW device_row WITH (security_invoker = true) AS
SELECT d.tenant_id, d.device_no, d.device_id, d.name, p.name AS platform, d.channel, d.version,
       s.address, unix_s(s.last_seen_at) AS last_seen_at_unix_s, unix_s(d.registered_at) AS registered_at_unix_s,
       u.update_id, u.release_id, up.name AS update_platform, r.version AS update_version, u.from_version, u.state,
       u.progress_percent, u.reason, u.created_by, unix_s(u.created_at) AS created_at_unix_s,
       unix_s(u.updated_at) AS updated_at_unix_s,
       d.token_hash, d.platform_id, d.config_wanted, d.security_counter,
       s.last_seen_at,
       d.skip_release_id, unix_s(h.at) AS heartbeat_at_unix_s,
       h.version AS heartbeat_version, h.slot, h.reset_cause, h.address AS heartbeat_address, h.app,
       coalesce(h.uptime_s, -1) AS uptime_s, coalesce(h.free_bytes, -1) AS free_bytes,
       d.installed_update_id,
       l.state AS last_state, lr.version AS last_version, l.reason AS last_reason, unix_s(l.closed_at) AS last_closed_at_unix_s
  FROM device d
  JOIN device_seen s USING (tenant_id, device_no)
  LEFT JOIN platform p ON p.tenant_id = d.tenant_id AND p.platform_id = d.platform_id
  LEFT JOIN device_update u ON u.tenant_id = d.tenant_id AND u.device_no = d.device_no AND u.closed_at IS NULL
  LEFT JOIN release r ON r.tenant_id = u.tenant_id AND r.release_id = u.release_id
  LEFT JOIN platform up ON up.tenant_id = r.tenant_id AND up.platform_id = r.platform_id
  LEFT JOIN device_heartbeat h ON h.tenant_id = d.tenant_id AND h.device_no = d.device_no
  LEFT JOIN device_update l ON l.tenant_id = d.tenant_id AND l.update_id = d.last_update_id AND l.closed_at IS NOT NULL
  LEFT JOIN release lr ON lr.tenant_id = l.tenant_id AND lr.release_id = l.release_id;
