-- Heartbeats, and what keeps a failed release from being offered for ever.  View columns are only ever appended, so that
-- the previous binary keeps reading.

SET LOCAL search_path = otad;

CREATE TABLE device_heartbeat (
    tenant_id   bigint      NOT NULL,
    device_no   bigint      NOT NULL,
    at          timestamptz NOT NULL,
    version     text        CHECK (char_length(version) <= 64),
    slot        text        CHECK (char_length(slot) <= 64),
    reset_cause text        CHECK (char_length(reset_cause) <= 64),
    address     text        CHECK (char_length(address) <= 64),
    app         text        CHECK (char_length(app) <= 64),
    uptime_s    bigint      CHECK (uptime_s >= 0),
    free_bytes  bigint      CHECK (free_bytes >= 0),
    PRIMARY KEY (tenant_id, device_no),
    FOREIGN KEY (tenant_id, device_no) REFERENCES device ON DELETE CASCADE
) WITH (fillfactor = 70);
COMMENT ON TABLE device_heartbeat IS 'Newest heartbeat of each device (SPEC 6.2), written behind';
COMMENT ON COLUMN device_heartbeat.tenant_id IS 'The tenant';
COMMENT ON COLUMN device_heartbeat.device_no IS 'The device';
COMMENT ON COLUMN device_heartbeat.at IS 'When it came';
COMMENT ON COLUMN device_heartbeat.version IS 'Version that runs; NULL = not told, as below';
COMMENT ON COLUMN device_heartbeat.slot IS 'Slot that runs';
COMMENT ON COLUMN device_heartbeat.reset_cause IS 'Why it last started';
COMMENT ON COLUMN device_heartbeat.address IS 'Address it has in its own network';
COMMENT ON COLUMN device_heartbeat.app IS 'Name of the application';
COMMENT ON COLUMN device_heartbeat.uptime_s IS 'Seconds since it started';
COMMENT ON COLUMN device_heartbeat.free_bytes IS 'Free memory in bytes';
GRANT SELECT ON device_heartbeat TO otad_app;
GRANT SELECT, INSERT, UPDATE ON device_heartbeat TO otad_jobs;
ALTER TABLE device_heartbeat ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON device_heartbeat TO otad_app USING (tenant_id = current_tenant());
CREATE POLICY all_tenants ON device_heartbeat TO otad_jobs USING (true);

ALTER TABLE device ADD COLUMN skip_release_id bigint;
ALTER TABLE device ADD FOREIGN KEY (tenant_id, skip_release_id) REFERENCES release;
COMMENT ON COLUMN device.skip_release_id IS 'Release that failed or was cancelled here: not offered again by itself';
CREATE INDEX device_by_version ON device (tenant_id, platform_id, version);

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
       coalesce(h.uptime_s, -1) AS uptime_s, coalesce(h.free_bytes, -1) AS free_bytes
  FROM device d
  JOIN device_seen s USING (tenant_id, device_no)
  LEFT JOIN platform p ON p.tenant_id = d.tenant_id AND p.platform_id = d.platform_id
  LEFT JOIN device_update u ON u.tenant_id = d.tenant_id AND u.device_no = d.device_no AND u.closed_at IS NULL
  LEFT JOIN release r ON r.tenant_id = u.tenant_id AND r.release_id = u.release_id
  LEFT JOIN platform up ON up.tenant_id = r.tenant_id AND up.platform_id = r.platform_id
  LEFT JOIN device_heartbeat h ON h.tenant_id = d.tenant_id AND h.device_no = d.device_no;
