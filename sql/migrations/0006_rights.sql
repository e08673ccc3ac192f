-- Roles of one's own, and rights a second time: row-level security by what each transaction states of its caller.
-- An older binary states nothing and so sees nothing: stop it before this one starts.

SET LOCAL search_path = otad;

-- Rights (SPEC 8.2) a second time: each transaction states those of its caller in otad.rights, as
-- {"device.read":"*","release.read":"{1,2}","self":"7"}, or otad for otad itself.  Nothing stated = nothing seen.

CREATE FUNCTION stated() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(nullif(current_setting('otad.rights', true), ''), 'otad')::jsonb;
COMMENT ON FUNCTION stated() IS 'What the caller of this transaction may do; NULL for otad itself and when nothing is stated';

CREATE FUNCTION may(what text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE coalesce(current_setting('otad.rights', true), '')
           WHEN '' THEN false
           WHEN 'otad' THEN true
           ELSE 'anyone' = ANY (what) OR EXISTS (SELECT FROM unnest(what) p WHERE stated() ->> p = '*') END;
COMMENT ON FUNCTION may(text[]) IS 'May the caller do one of these on all platforms?  anyone: whoever has stated rights; none named: otad itself';

CREATE FUNCTION may_on(what text[]) RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ARRAY(SELECT unnest(nullif(stated() ->> p, '*')::bigint[]) FROM unnest(what) p);
COMMENT ON FUNCTION may_on(text[]) IS 'The platforms that the caller may do one of these on, besides what may() says';

CREATE FUNCTION may_every(what text[], on_platform bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT coalesce(bool_and(may(ARRAY[p]) OR coalesce(on_platform = ANY (may_on(ARRAY[p])), false)), true)
              FROM unnest(what) p);
COMMENT ON FUNCTION may_every(text[], bigint) IS 'Has the caller all of these on this platform (NULL: on all), so that they may hand them out?';

CREATE FUNCTION self() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (stated() ->> 'self')::bigint;
COMMENT ON FUNCTION self() IS 'The account in whose name this is; NULL for machines and for otad itself';

CREATE FUNCTION may_sql(what text[], platform text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN format('(SELECT may(%L))', what)
           || coalesce(' OR ' || platform || format(' = ANY ((SELECT may_on(%L))::bigint[])', what), '');
COMMENT ON FUNCTION may_sql(text[], text) IS 'The condition of a policy, asked of the setting once per statement and not once per row';

CREATE FUNCTION guard(t regclass, platform text, see text[], add text[], change text[], remove text[],
                      lock text[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql SET search_path = otad AS $$
DECLARE
    old name;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    FOR old IN SELECT polname FROM pg_policy WHERE polrelid = t LOOP
        EXECUTE format('DROP POLICY %I ON %s', old, t);
    END LOOP;
    EXECUTE format('CREATE POLICY one_tenant ON %s AS RESTRICTIVE TO otad_app USING (tenant_id = current_tenant())', t);
    EXECUTE format('CREATE POLICY all_tenants ON %s TO otad_jobs USING (true)', t);
    EXECUTE format('CREATE POLICY see ON %s FOR SELECT TO otad_app USING (%s)', t, may_sql(see, platform));
    EXECUTE format('CREATE POLICY add ON %s FOR INSERT TO otad_app WITH CHECK (%s)', t, may_sql(add, platform));
    EXECUTE format('CREATE POLICY change ON %s FOR UPDATE TO otad_app USING (%s) WITH CHECK (%s)', t,
                   may_sql(coalesce(lock, change), platform), may_sql(change, platform));
    EXECUTE format('CREATE POLICY remove ON %s FOR DELETE TO otad_app USING (%s)', t, may_sql(remove, platform));
END $$;
COMMENT ON FUNCTION guard(regclass, text, text[], text[], text[], text[], text[]) IS
    'Give a table its policies: which rights, on the platform that this expression yields (NULL: on all), each command needs';

CREATE TABLE role (
    tenant_id  bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    role_id    bigint      GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL COLLATE "C" CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'
                               AND name NOT IN ('admin', 'manager', 'operator', 'viewer', 'none')),
    title      text        NOT NULL CHECK (char_length(title) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL,
    PRIMARY KEY (tenant_id, role_id),
    UNIQUE (tenant_id, name)
);
COMMENT ON TABLE role IS 'Roles of one''s own; those that are built in are otad''s (otad/auth/permission.c)';
COMMENT ON COLUMN role.tenant_id IS 'The tenant';
COMMENT ON COLUMN role.role_id IS 'Number of the role';
COMMENT ON COLUMN role.name IS 'Its name, never changed';
COMMENT ON COLUMN role.title IS 'Name for people';
COMMENT ON COLUMN role.created_at IS 'When it was made';
COMMENT ON COLUMN role.created_by IS 'Who made it';
GRANT SELECT, INSERT, UPDATE, DELETE ON role TO otad_app;
GRANT SELECT ON role TO otad_jobs;

CREATE TABLE role_grant (
    tenant_id   bigint NOT NULL,
    role_id     bigint NOT NULL,
    platform_id bigint,
    permissions text[] NOT NULL CHECK (cardinality(permissions) > 0 AND permissions <@ ARRAY[
        'device.read', 'device.write', 'release.read', 'release.upload', 'release.manage', 'release.promote',
        'release.withdraw', 'link.create', 'audit.read', 'platform.manage', 'key.manage', 'user.manage']),
    UNIQUE NULLS NOT DISTINCT (tenant_id, role_id, platform_id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE,
    CHECK (platform_id IS NULL OR NOT permissions && ARRAY['key.manage', 'user.manage'])
);
CREATE INDEX role_grant_by_platform ON role_grant (tenant_id, platform_id);
COMMENT ON TABLE role_grant IS 'What a role permits, by platform';
COMMENT ON COLUMN role_grant.tenant_id IS 'The tenant';
COMMENT ON COLUMN role_grant.role_id IS 'The role';
COMMENT ON COLUMN role_grant.platform_id IS 'On which platform; NULL = on all';
COMMENT ON COLUMN role_grant.permissions IS 'Permissions of SPEC 8.2';
GRANT SELECT, INSERT, DELETE ON role_grant TO otad_app;
GRANT SELECT ON role_grant TO otad_jobs;

CREATE FUNCTION may_give(role_name text) RETURNS boolean LANGUAGE sql STABLE
    RETURN CASE role_name
           WHEN 'viewer' THEN may_every('{device.read,release.read}', NULL)
           WHEN 'operator' THEN may_every('{device.read,device.write,release.read,link.create}', NULL)
           WHEN 'manager' THEN may_every('{device.read,device.write,release.read,release.upload,release.manage,release.promote,
                                           release.withdraw,link.create,audit.read}', NULL)
           WHEN 'admin' THEN may_every('{device.read,device.write,release.read,release.upload,release.manage,release.promote,
                                         release.withdraw,link.create,audit.read,platform.manage,key.manage,user.manage}', NULL)
           ELSE NOT EXISTS (SELECT FROM role r JOIN role_grant g USING (tenant_id, role_id)
                             WHERE r.name = role_name AND NOT may_every(g.permissions, g.platform_id)) END;
COMMENT ON FUNCTION may_give(text) IS 'Has the caller everything that this role has, so that they may give it to somebody?';

ALTER TABLE account_role ADD COLUMN own_role text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN role IN ('admin', 'manager', 'operator', 'viewer') THEN NULL ELSE role END) STORED;
ALTER TABLE account_role ADD FOREIGN KEY (tenant_id, own_role) REFERENCES role (tenant_id, name);
COMMENT ON COLUMN account_role.own_role IS 'The same if it is one of the tenant''s own roles, which must be there';

ALTER TABLE api_key DROP CONSTRAINT api_key_scopes_check, ADD CONSTRAINT api_key_scopes_check
    CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY[
        'device.read', 'device.write', 'release.read', 'release.upload', 'release.manage', 'platform.manage',
        'key.manage', 'user.manage', 'release.promote', 'release.withdraw', 'link.create', 'audit.read']);

ALTER TABLE device_update ADD COLUMN platform_id bigint, ADD COLUMN version text;
ALTER TABLE device_update NO FORCE ROW LEVEL SECURITY;
ALTER TABLE release NO FORCE ROW LEVEL SECURITY;
UPDATE device_update u SET platform_id = r.platform_id, version = r.version
  FROM release r WHERE r.tenant_id = u.tenant_id AND r.release_id = u.release_id;
ALTER TABLE release FORCE ROW LEVEL SECURITY;
ALTER TABLE device_update ALTER COLUMN platform_id SET NOT NULL, ALTER COLUMN version SET NOT NULL;
COMMENT ON COLUMN device_update.platform_id IS 'The release''s platform, for whoever may see updates and no releases';
COMMENT ON COLUMN device_update.version IS 'The release''s version, likewise';
CREATE INDEX device_update_by_platform ON device_update (tenant_id, platform_id, update_id);
CREATE FUNCTION update_of_release() RETURNS trigger LANGUAGE plpgsql SET search_path = otad AS $$
BEGIN
    SELECT r.platform_id, r.version INTO NEW.platform_id, NEW.version
      FROM release r WHERE r.tenant_id = NEW.tenant_id AND r.release_id = NEW.release_id;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION update_of_release() IS 'What an update says of its release is the release''s';
CREATE TRIGGER of_release BEFORE INSERT ON device_update FOR EACH ROW EXECUTE FUNCTION update_of_release();

CREATE OR REPLACE VIEW update_row WITH (security_invoker = true) AS
SELECT u.tenant_id, u.update_id, u.device_no, u.release_id, d.device_id, p.name AS platform, u.version,
       u.from_version, u.state, u.progress_percent, u.reason, u.created_by,
       unix_s(u.created_at) AS created_at_unix_s, unix_s(u.updated_at) AS updated_at_unix_s,
       unix_s(u.closed_at) AS closed_at_unix_s, u.platform_id
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
       l.state AS last_state, l.version AS last_version, l.reason AS last_reason, unix_s(l.closed_at) AS last_closed_at_unix_s
  FROM device d
  JOIN device_seen s USING (tenant_id, device_no)
  LEFT JOIN platform p ON p.tenant_id = d.tenant_id AND p.platform_id = d.platform_id
  LEFT JOIN device_update u ON u.tenant_id = d.tenant_id AND u.device_no = d.device_no AND u.closed_at IS NULL
  LEFT JOIN platform up ON up.tenant_id = u.tenant_id AND up.platform_id = u.platform_id
  LEFT JOIN device_heartbeat h ON h.tenant_id = d.tenant_id AND h.device_no = d.device_no
  LEFT JOIN device_update l ON l.tenant_id = d.tenant_id AND l.update_id = d.last_update_id AND l.closed_at IS NOT NULL;

-- Who may change a thing may see it, since a statement that changes rows reads them.  A right that counts on all
-- platforms only has no platform here.  What has none of its own asks the row that it belongs to.

SELECT guard('tenant', NULL, see => '{anyone}', add => '{}', change => '{}', remove => '{}');
SELECT guard('tenant_clock', NULL, see => '{anyone}', add => '{}', change => '{anyone}', remove => '{}');
SELECT guard('change', NULL, see => '{}', add => '{anyone}', change => '{}', remove => '{}');
SELECT guard('setup_token', NULL, see => '{}', add => '{}', change => '{}', remove => '{}');

SELECT guard('account', NULL, see => '{user.manage}', add => '{user.manage}', change => '{user.manage}',
             remove => '{user.manage}');
SELECT guard('account_role', NULL, see => '{user.manage}', add => '{user.manage}', change => '{}', remove => '{user.manage}');
SELECT guard('account_link', NULL, see => '{user.manage}', add => '{user.manage}', change => '{user.manage}',
             remove => '{user.manage}');
SELECT guard('account_totp', NULL, see => '{user.manage}', add => '{}', change => '{}', remove => '{user.manage}');
SELECT guard('account_recovery', NULL, see => '{user.manage}', add => '{}', change => '{}', remove => '{user.manage}');
SELECT guard('session', NULL, see => '{user.manage}', add => '{}', change => '{}', remove => '{user.manage}');
SELECT guard('role', NULL, see => '{user.manage}', add => '{user.manage}', change => '{user.manage}',
             remove => '{user.manage}');
SELECT guard('role_grant', NULL, see => '{user.manage}', add => '{user.manage}', change => '{}', remove => '{user.manage}');

-- One's own: seen, and one's sign-ins ended.
CREATE POLICY own ON account FOR SELECT TO otad_app USING (account_id = (SELECT self()));
CREATE POLICY own ON account_role FOR SELECT TO otad_app USING (account_id = (SELECT self()));
CREATE POLICY own ON account_totp FOR SELECT TO otad_app USING (account_id = (SELECT self()));
CREATE POLICY own ON account_recovery FOR SELECT TO otad_app USING (account_id = (SELECT self()));
CREATE POLICY own ON session FOR SELECT TO otad_app USING (account_id = (SELECT self()));
CREATE POLICY own_end ON session FOR DELETE TO otad_app USING (account_id = (SELECT self()));

-- Nobody hands out a right that they lack, nor has a hand in the account of somebody who has more.
CREATE FUNCTION may_touch(account bigint) RETURNS boolean LANGUAGE sql STABLE
    RETURN NOT EXISTS (SELECT FROM account_role r
                        WHERE r.tenant_id = current_tenant() AND r.account_id = account AND NOT may_give(r.role));
COMMENT ON FUNCTION may_touch(bigint) IS 'Has the caller every role of this account, so that they may change it?';
CREATE POLICY holds_change ON account AS RESTRICTIVE FOR UPDATE TO otad_app USING (may_touch(account_id));
CREATE POLICY holds_remove ON account AS RESTRICTIVE FOR DELETE TO otad_app USING (may_touch(account_id));
CREATE POLICY holds_remove ON account_role AS RESTRICTIVE FOR DELETE TO otad_app USING (may_give(role));
CREATE POLICY holds_remove ON account_totp AS RESTRICTIVE FOR DELETE TO otad_app USING (may_touch(account_id));
CREATE POLICY holds_remove ON account_recovery AS RESTRICTIVE FOR DELETE TO otad_app USING (may_touch(account_id));
CREATE POLICY holds_remove ON session AS RESTRICTIVE FOR DELETE TO otad_app USING (may_touch(account_id));
CREATE POLICY holds ON role_grant AS RESTRICTIVE FOR INSERT TO otad_app WITH CHECK (may_every(permissions, platform_id));
CREATE POLICY holds ON account_role AS RESTRICTIVE FOR INSERT TO otad_app WITH CHECK (may_give(role));
CREATE POLICY holds ON account_link AS RESTRICTIVE FOR INSERT TO otad_app WITH CHECK (may_touch(account_id));

SELECT guard('platform', 'platform_id',
             see => '{device.read,device.write,release.read,release.upload,release.manage,release.promote,release.withdraw,link.create,audit.read,platform.manage,key.manage,user.manage}',
             add => '{platform.manage}', change => '{platform.manage}', remove => '{}',
             lock => '{release.upload,release.manage,release.promote,release.withdraw,platform.manage}');
SELECT guard('platform_alias', 'platform_id',
             see => '{device.read,device.write,release.read,release.upload,release.manage,release.promote,release.withdraw,link.create,audit.read,platform.manage,key.manage,user.manage}',
             add => '{platform.manage}', change => '{}', remove => '{platform.manage}');
SELECT guard('platform_root', 'platform_id',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw,platform.manage}',
             add => '{platform.manage}', change => '{}', remove => '{}');
SELECT guard('key_manifest', 'platform_id',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw,platform.manage}',
             add => '{platform.manage}', change => '{}', remove => '{}');

SELECT guard('api_key', NULL, see => '{key.manage}', add => '{key.manage}', change => '{key.manage}', remove => '{}');
SELECT guard('api_key_platform', NULL, see => '{key.manage}', add => '{key.manage}', change => '{}', remove => '{}');
SELECT guard('gateway_token', NULL, see => '{key.manage}', add => '{key.manage}', change => '{key.manage}', remove => '{}');
CREATE POLICY holds ON api_key AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (NOT all_platforms OR may_every(scopes, NULL));
CREATE POLICY holds ON api_key_platform AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (may_every((SELECT k.scopes FROM api_key k
                            WHERE k.tenant_id = api_key_platform.tenant_id AND k.api_key_id = api_key_platform.api_key_id),
                          platform_id));

-- Whoever assigns a release, links to it or moves it must find it.
SELECT guard('release', 'platform_id',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw,link.create,device.write}',
             add => '{release.upload}', change => '{release.upload,release.manage,release.promote,release.withdraw}',
             remove => '{}',
             lock => '{release.upload,release.manage,release.promote,release.withdraw,device.write}');
-- A policy sees the new row alone; which step of its life a release takes is seen beside the old one.
CREATE FUNCTION release_step() RETURNS trigger LANGUAGE plpgsql SET search_path = otad AS $$
DECLARE
    needs text[] := '{release.manage}';
BEGIN
    IF NEW.state = 'complete' AND OLD.state = 'draft' AND to_jsonb(NEW) - 'state' = to_jsonb(OLD) - 'state' THEN
        needs := '{release.upload}';
    ELSIF NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn' THEN
        needs := '{release.withdraw}';
    ELSIF NEW.state = 'released' AND (OLD.state <> 'released' OR NEW.channel IS DISTINCT FROM OLD.channel) THEN
        needs := '{release.manage,release.promote}';
    END IF;
    IF row_security_active('release') AND NOT may(needs) AND NOT coalesce(NEW.platform_id = ANY (may_on(needs)), false) THEN
        RAISE EXCEPTION 'this step of a release needs one of %', needs USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION release_step() IS 'Each step of a release''s life needs its own right';
CREATE TRIGGER step BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION release_step();
SELECT guard('release_artifact',
             '(SELECT r.platform_id FROM release r WHERE r.tenant_id = release_artifact.tenant_id AND r.release_id = release_artifact.release_id)',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw,link.create}',
             add => '{release.upload}', change => '{release.upload}', remove => '{}');
-- A file belongs to whichever releases name it.
SELECT guard('artifact', NULL, see => '{release.read}', add => '{release.upload}', change => '{}', remove => '{}');
CREATE POLICY of_release ON artifact FOR SELECT TO otad_app
    USING (EXISTS (SELECT FROM release_artifact f WHERE f.tenant_id = artifact.tenant_id AND f.stored = artifact.sha256));
CREATE POLICY of_platform ON artifact FOR INSERT TO otad_app
    WITH CHECK ((SELECT cardinality(may_on('{release.upload}'))) > 0);

SELECT guard('device', 'platform_id', see => '{device.read,device.write}', add => '{device.write}',
             change => '{device.write}', remove => '{device.write}');
SELECT guard('device_seen',
             '(SELECT d.platform_id FROM device d WHERE d.tenant_id = device_seen.tenant_id AND d.device_no = device_seen.device_no)',
             see => '{device.read,device.write}', add => '{device.write}', change => '{}', remove => '{}');
SELECT guard('device_attribute',
             '(SELECT d.platform_id FROM device d WHERE d.tenant_id = device_attribute.tenant_id AND d.device_no = device_attribute.device_no)',
             see => '{device.read,device.write}', add => '{}', change => '{}', remove => '{}');
SELECT guard('device_heartbeat',
             '(SELECT d.platform_id FROM device d WHERE d.tenant_id = device_heartbeat.tenant_id AND d.device_no = device_heartbeat.device_no)',
             see => '{device.read,device.write}', add => '{}', change => '{}', remove => '{}');
SELECT guard('device_update', 'platform_id', see => '{device.read,device.write,release.withdraw}', add => '{device.write}',
             change => '{device.write,release.withdraw}', remove => '{}');
SELECT guard('update_event',
             '(SELECT u.platform_id FROM device_update u WHERE u.tenant_id = update_event.tenant_id AND u.update_id = update_event.update_id)',
             see => '{device.read,device.write,release.withdraw}', add => '{device.write,release.withdraw}', change => '{}',
             remove => '{}');
