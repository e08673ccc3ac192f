-- The audit log (SPEC 8.16), sessions of the plain door, and what updates are counted by (SPEC 8.15).  View columns are only
-- appended; an older binary appends nothing to the log and knows no plain sessions.

SET LOCAL search_path = otad;

ALTER TABLE device ADD COLUMN plain boolean NOT NULL DEFAULT false, DROP CONSTRAINT device_check;
ALTER TABLE device ADD CONSTRAINT device_check CHECK (plain OR token_hash IS NOT NULL OR gateway_token_id IS NOT NULL);
CREATE INDEX device_plain ON device (tenant_id, device_no) WHERE plain;
COMMENT ON COLUMN device.plain IS 'Known by the sessions of the plain door (SPEC 8.15) alone; has no token';

ALTER TABLE device_update
    ADD COLUMN source text NOT NULL DEFAULT 'ddi' CHECK (source IN ('ddi', 'plain')),
    ADD COLUMN started_at timestamptz;
COMMENT ON COLUMN device_update.source IS 'ddi: the device polls for it; plain: a session of the plain door (SPEC 8.15)';
COMMENT ON COLUMN device_update.started_at IS 'When the device began; NULL = not yet, or never';
CREATE INDEX device_update_plain_open ON device_update (updated_at) WHERE closed_at IS NULL AND source = 'plain';
ALTER TABLE device_update NO FORCE ROW LEVEL SECURITY;
ALTER TABLE update_event NO FORCE ROW LEVEL SECURITY;
UPDATE device_update u
   SET started_at = greatest(u.created_at, least(e.first, coalesce(u.closed_at, e.first)))
  FROM (SELECT tenant_id, update_id, min(at) AS first FROM update_event
         WHERE execution NOT IN ('created', 'cancel', 'withdrawn') GROUP BY 1, 2) e
 WHERE e.tenant_id = u.tenant_id AND e.update_id = u.update_id;
ALTER TABLE update_event FORCE ROW LEVEL SECURITY;
ALTER TABLE device_update ADD CHECK (started_at >= created_at AND started_at <= closed_at);

CREATE FUNCTION duration_bucket(s bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN s IS NULL THEN -1
                WHEN s < 16 THEN greatest(s, 0)
                ELSE 16 + (length(ltrim(s::bit(48)::text, '0')) - 5) * 8
                     + (s >> (length(ltrim(s::bit(48)::text, '0')) - 4)) - 8 END;
COMMENT ON FUNCTION duration_bucket(bigint) IS 'Seconds below 16 as they are, above in steps of an eighth of a power of two; -1 for NULL';

CREATE TABLE update_summary (
    tenant_id       bigint   NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform_id     bigint   NOT NULL,
    release_id      bigint   NOT NULL,
    version         text     NOT NULL COLLATE "C",
    day             date     NOT NULL,
    state           text     NOT NULL COLLATE "C" CHECK (state IN ('succeeded', 'failed', 'cancelled')),
    duration_bucket smallint NOT NULL CHECK (duration_bucket >= -1),
    updates         bigint   NOT NULL CHECK (updates > 0),
    duration_sum_s  bigint   NOT NULL CHECK (duration_sum_s >= 0),
    PRIMARY KEY (tenant_id, platform_id, release_id, day, state, duration_bucket),
    FOREIGN KEY (tenant_id, release_id) REFERENCES release
) WITH (fillfactor = 70);
CREATE INDEX update_summary_by_release ON update_summary (tenant_id, release_id);
COMMENT ON TABLE update_summary IS 'Closed updates, counted as they close: what statistics are made of, also of devices that are gone';
COMMENT ON COLUMN update_summary.tenant_id IS 'The tenant';
COMMENT ON COLUMN update_summary.platform_id IS 'Platform of the release';
COMMENT ON COLUMN update_summary.release_id IS 'The release';
COMMENT ON COLUMN update_summary.version IS 'Its version, for whoever may see updates and no releases';
COMMENT ON COLUMN update_summary.day IS 'Day (UTC) on which they closed';
COMMENT ON COLUMN update_summary.state IS 'How they ended';
COMMENT ON COLUMN update_summary.duration_bucket IS 'duration_bucket of the seconds that those took which succeeded; else -1';
COMMENT ON COLUMN update_summary.updates IS 'How many';
COMMENT ON COLUMN update_summary.duration_sum_s IS 'Seconds they took in all';
GRANT SELECT ON update_summary TO otad_app;

CREATE FUNCTION count_updates() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, otad, pg_temp AS $$
BEGIN
    INSERT INTO update_summary AS s
    SELECT c.tenant_id, c.platform_id, c.release_id, c.version, (c.closed_at AT TIME ZONE 'UTC')::date, c.state,
           duration_bucket(CASE WHEN c.state = 'succeeded' THEN c.took_s END), count(*), sum(coalesce(c.took_s, 0))
      FROM (SELECT n.*, CASE WHEN n.started_at IS NOT NULL THEN unix_s(n.closed_at) - unix_s(n.started_at) END AS took_s
              FROM now_is n JOIN was w USING (tenant_id, update_id)
             WHERE n.closed_at IS NOT NULL AND w.closed_at IS NULL) c
     GROUP BY 1, 2, 3, 4, 5, 6, 7
     ORDER BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (tenant_id, platform_id, release_id, day, state, duration_bucket)
    DO UPDATE SET updates = s.updates + EXCLUDED.updates, duration_sum_s = s.duration_sum_s + EXCLUDED.duration_sum_s;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_updates() IS 'Updates that close are counted with the transaction that closes them; runs as the owner, who alone may';
CREATE TRIGGER counted AFTER UPDATE ON device_update REFERENCING OLD TABLE AS was NEW TABLE AS now_is
    FOR EACH STATEMENT EXECUTE FUNCTION count_updates();

INSERT INTO update_summary
SELECT tenant_id, platform_id, release_id, version, (closed_at AT TIME ZONE 'UTC')::date, state,
       duration_bucket(CASE WHEN state = 'succeeded' AND started_at IS NOT NULL THEN unix_s(closed_at) - unix_s(started_at) END),
       count(*),
       sum(coalesce(unix_s(closed_at) - CASE WHEN started_at IS NOT NULL THEN unix_s(started_at) END, 0))
  FROM device_update
 WHERE closed_at IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5, 6, 7;
ALTER TABLE device_update FORCE ROW LEVEL SECURITY;

CREATE TABLE audit_entry (
    tenant_id bigint      NOT NULL REFERENCES tenant,
    seq       bigint      NOT NULL CHECK (seq > 0),
    at        timestamptz NOT NULL,
    actor     text        NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 128),
    address   text        CHECK (char_length(address) BETWEEN 1 AND 64),
    action    text        NOT NULL CHECK (action ~ '^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$' AND length(action) <= 64),
    object    text        NOT NULL CHECK (char_length(object) <= 512),
    platform  text        COLLATE "C" CHECK (char_length(platform) <= 63),
    platform_id bigint,
    before    text        CHECK (jsonb_typeof(before::jsonb) = 'object' AND octet_length(before) <= 8192),
    after     text        CHECK (jsonb_typeof(after::jsonb) = 'object' AND octet_length(after) <= 8192),
    prev_hash bytea       NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash      bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_entry_by_actor ON audit_entry (tenant_id, actor, seq);
CREATE INDEX audit_entry_by_action ON audit_entry (tenant_id, action, seq);
CREATE INDEX audit_entry_by_object ON audit_entry (tenant_id, object, seq);
CREATE INDEX audit_entry_by_platform ON audit_entry (tenant_id, platform, seq);
COMMENT ON TABLE audit_entry IS 'Who changed what (SPEC 8.16): written by audit_append alone, changed by nobody';
COMMENT ON COLUMN audit_entry.tenant_id IS 'The tenant';
COMMENT ON COLUMN audit_entry.seq IS 'Number of the entry, without gaps per tenant';
COMMENT ON COLUMN audit_entry.at IS 'When it was written, in whole seconds';
COMMENT ON COLUMN audit_entry.actor IS 'Who did it: a name, key:NAME, or otad itself';
COMMENT ON COLUMN audit_entry.address IS 'Address of who did it; NULL = otad itself';
COMMENT ON COLUMN audit_entry.action IS 'noun.verb';
COMMENT ON COLUMN audit_entry.object IS 'What it was done to';
COMMENT ON COLUMN audit_entry.platform IS 'Name of the platform it belongs to; NULL = none';
COMMENT ON COLUMN audit_entry.platform_id IS 'Number of that platform, for who may read it; not part of the hash';
COMMENT ON COLUMN audit_entry.before IS 'What was different before, a JSON object; NULL = nothing';
COMMENT ON COLUMN audit_entry.after IS 'What is different since, a JSON object; NULL = nothing';
COMMENT ON COLUMN audit_entry.prev_hash IS 'hash of the entry before; zeros for the first';
COMMENT ON COLUMN audit_entry.hash IS 'SHA-256 over prev_hash and the text of this entry';
GRANT SELECT ON audit_entry TO otad_app;

CREATE FUNCTION audit_part(part text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN part IS NULL THEN '-,' ELSE octet_length(part) || ':' || part || ',' END;
COMMENT ON FUNCTION audit_part(text) IS 'One part of the hashed text: LENGTH:BYTES, and -, for NULL';

CREATE FUNCTION audit_time(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
COMMENT ON FUNCTION audit_time(timestamptz) IS 'The time as the hashed text and the API have it';

CREATE FUNCTION audit_bounded(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL OR octet_length(value::text) <= 8192 THEN value::text
                ELSE jsonb_build_object('too_long', octet_length(value::text),
                                        'sha256', encode(sha256(convert_to(value::text, 'UTF8')), 'hex'))::text END;
COMMENT ON FUNCTION audit_bounded(jsonb) IS 'A value that fits its column: what is too long is named by its digest';

-- The only way in.  What is equal before and after is left out; where nothing differs there is no entry.
CREATE FUNCTION audit_append(actor text, address text, action text, object text, platform text, platform_id bigint,
                             was jsonb, now_is jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, otad, pg_temp AS $$
DECLARE
    e audit_entry;
BEGIN
    e.tenant_id := current_tenant();
    e.before := audit_bounded(was);
    e.after := audit_bounded(now_is);
    IF was IS NOT NULL AND now_is IS NOT NULL THEN
        IF was = now_is THEN
            RETURN;
        END IF;
        SELECT audit_bounded(coalesce(jsonb_object_agg(m.key, m.value) FILTER (WHERE now_is -> m.key IS DISTINCT FROM m.value), '{}'))
          INTO e.before FROM jsonb_each(was) m;
        SELECT audit_bounded(coalesce(jsonb_object_agg(m.key, m.value) FILTER (WHERE was -> m.key IS DISTINCT FROM m.value), '{}'))
          INTO e.after FROM jsonb_each(now_is) m;
    END IF;
    -- One writer per tenant until commit, so that numbers and hashes follow the order of commits.
    PERFORM pg_advisory_xact_lock(hashtextextended('otad.audit_entry', e.tenant_id));
    SELECT a.seq, a.hash INTO e.seq, e.prev_hash FROM audit_entry a
     WHERE a.tenant_id = e.tenant_id ORDER BY a.seq DESC LIMIT 1;
    e.seq := coalesce(e.seq, 0) + 1;
    e.prev_hash := coalesce(e.prev_hash, decode(repeat('00', 32), 'hex'));
    e.at := date_trunc('second', clock_timestamp());
    e.actor := actor;
    e.address := nullif(address, '');
    e.action := action;
    e.object := object;
    e.platform := platform;
    e.platform_id := platform_id;
    e.hash := sha256(e.prev_hash || convert_to(
        audit_part(e.seq::text) || audit_part(audit_time(e.at)) || audit_part(e.actor) || audit_part(e.address)
        || audit_part(e.action) || audit_part(e.object) || audit_part(e.platform) || audit_part(e.before)
        || audit_part(e.after), 'UTF8'));
    INSERT INTO audit_entry SELECT e.*;
END $$;
COMMENT ON FUNCTION audit_append(text, text, text, text, text, bigint, jsonb, jsonb) IS
    'Append an entry to this transaction''s tenant''s log; runs as the owner, who alone may insert';
REVOKE ALL ON FUNCTION audit_append(text, text, text, text, text, bigint, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(text, text, text, text, text, bigint, jsonb, jsonb) TO otad_app;

CREATE FUNCTION audit_never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION audit_never() IS 'Stops whoever has the rights by mistake, the owner too';
CREATE TRIGGER audit_never BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry EXECUTE FUNCTION audit_never();

SELECT guard('audit_entry', 'platform_id', see => '{audit.read}', add => '{}', change => '{}', remove => '{}');
SELECT guard('update_summary', 'platform_id', see => '{device.read}', add => '{}', change => '{}', remove => '{}');
-- Their functions run as the owner, to whom no other row is shown.
CREATE POLICY append ON audit_entry FOR INSERT TO CURRENT_USER WITH CHECK (tenant_id = current_tenant());
CREATE POLICY newest ON audit_entry FOR SELECT TO CURRENT_USER USING (tenant_id = current_tenant());
CREATE POLICY counted ON update_summary TO CURRENT_USER USING (tenant_id = current_tenant());

CREATE OR REPLACE VIEW update_row WITH (security_invoker = true) AS
SELECT u.tenant_id, u.update_id, u.device_no, u.release_id, d.device_id, p.name AS platform, u.version,
       u.from_version, u.state, u.progress_percent, u.reason, u.created_by,
       unix_s(u.created_at) AS created_at_unix_s, unix_s(u.updated_at) AS updated_at_unix_s,
       unix_s(u.closed_at) AS closed_at_unix_s, u.platform_id, u.source,
       unix_s(u.started_at) AS started_at_unix_s
  FROM device_update u
  JOIN device d USING (tenant_id, device_no)
  JOIN platform p ON p.tenant_id = u.tenant_id AND p.platform_id = u.platform_id;

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
       u.source, unix_s(u.started_at) AS started_at_unix_s, d.plain
  FROM device d
  JOIN device_seen s USING (tenant_id, device_no)
  LEFT JOIN platform p ON p.tenant_id = d.tenant_id AND p.platform_id = d.platform_id
  LEFT JOIN device_update u ON u.tenant_id = d.tenant_id AND u.device_no = d.device_no AND u.closed_at IS NULL
  LEFT JOIN platform up ON up.tenant_id = u.tenant_id AND up.platform_id = u.platform_id
  LEFT JOIN device_heartbeat h ON h.tenant_id = d.tenant_id AND h.device_no = d.device_no
  LEFT JOIN device_update l ON l.tenant_id = d.tenant_id AND l.update_id = d.last_update_id AND l.closed_at IS NOT NULL;
