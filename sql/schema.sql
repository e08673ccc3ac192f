-- The schema of otad: the truth.  migrations/ lead here from any older state, and a test proves it.
-- Roles come from roles.sql.  Times are timestamptz; sizes are bytes; a *_key or *_hash of 32 bytes is a digest.
--
-- Every table with a tenant_id is under forced row-level security: otad_app sees of the tenant that its transaction has
-- set in otad.tenant what the rights in otad.rights let it, and nothing without both; otad_jobs sees all tenants, by a
-- policy of its own; the owner sees nothing but what its functions continue.
-- Keys start with tenant_id, so that a foreign key cannot reach another tenant's row.

CREATE SCHEMA otad;
COMMENT ON SCHEMA otad IS 'otad: secure firmware updates';
SET LOCAL search_path = otad;
GRANT USAGE ON SCHEMA otad TO otad_app, otad_jobs;

CREATE TABLE schema_version (
    version    integer     PRIMARY KEY CHECK (version > 0),
    name       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_version IS 'Migrations that this database has seen';
COMMENT ON COLUMN schema_version.version IS 'Number of the migration';
COMMENT ON COLUMN schema_version.name IS 'Its file name without the ending';
COMMENT ON COLUMN schema_version.applied_at IS 'When it was applied';
GRANT SELECT ON schema_version TO otad_app, otad_jobs;

CREATE FUNCTION current_tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('otad.tenant', true), '')::bigint;
COMMENT ON FUNCTION current_tenant() IS 'The tenant of this transaction, NULL without one';

CREATE FUNCTION unix_s(t timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(floor(extract(epoch FROM t)), 0)::bigint;
COMMENT ON FUNCTION unix_s(timestamptz) IS 'Whole seconds since 1970 UTC, 0 for NULL';

CREATE FUNCTION from_unix_s(s bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(nullif(s, 0));
COMMENT ON FUNCTION from_unix_s(bigint) IS 'Inverse of unix_s: NULL for 0';

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

-- ---------------------------------------------------------------------------------------------- tenants and changes

CREATE TABLE tenant (
    tenant_id  bigint      GENERATED BY DEFAULT AS IDENTITY (START 2) PRIMARY KEY,
    name       text        NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenant IS 'Organisations; everything else belongs to one of them';
COMMENT ON COLUMN tenant.tenant_id IS 'Number of the tenant; 1 is DEFAULT';
COMMENT ON COLUMN tenant.name IS 'Name in device paths';
COMMENT ON COLUMN tenant.created_at IS 'When it was made';
GRANT SELECT ON tenant TO otad_app, otad_jobs;

CREATE TABLE tenant_clock (
    tenant_id  bigint PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
    change_seq bigint NOT NULL DEFAULT 0 CHECK (change_seq >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE tenant_clock IS 'Row locked until commit by each transaction that records changes: numbers are commit-ordered';
COMMENT ON COLUMN tenant_clock.tenant_id IS 'The tenant';
COMMENT ON COLUMN tenant_clock.change_seq IS 'Number of its newest change';
GRANT SELECT, UPDATE ON tenant_clock TO otad_app;
GRANT SELECT ON tenant_clock TO otad_jobs;

CREATE TABLE change (
    tenant_id  bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    change_seq bigint      NOT NULL CHECK (change_seq > 0),
    kind       text        NOT NULL CHECK (kind IN ('device', 'update', 'release', 'platform', 'api_key', 'gateway', 'account',
                                                    'role', 'link')),
    key        bigint      NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, change_seq)
);
CREATE INDEX change_by_time ON change (changed_at);
COMMENT ON TABLE change IS 'What every otad must read again, in the order of commits; pruned after an hour';
COMMENT ON COLUMN change.tenant_id IS 'The tenant';
COMMENT ON COLUMN change.change_seq IS 'Number of the change, without gaps per tenant';
COMMENT ON COLUMN change.kind IS 'Which table the key is of';
COMMENT ON COLUMN change.key IS 'device_no, update_id, release_id, platform_id, api_key_id, gateway_token_id, account_id, role_id or link_id';
COMMENT ON COLUMN change.changed_at IS 'When its transaction began';
GRANT SELECT, INSERT ON change TO otad_app;
GRANT SELECT, DELETE ON change TO otad_jobs;

-- ---------------------------------------------------------------------------------------------------------- people

CREATE TABLE account (
    tenant_id       bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    account_id      bigint      GENERATED ALWAYS AS IDENTITY,
    name            text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64 AND name !~ '[[:cntrl:]]'),
    role            text        NOT NULL DEFAULT 'none' CHECK (role IN ('admin', 'manager', 'operator', 'viewer', 'none')),
    password_hash   text        CHECK (password_hash LIKE '$argon2id$%' AND length(password_hash) <= 256),
    disabled_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text        NOT NULL DEFAULT 'otad',
    last_sign_in_at timestamptz,
    PRIMARY KEY (tenant_id, account_id),
    UNIQUE (tenant_id, name)
);
COMMENT ON TABLE account IS 'People who sign in';
COMMENT ON COLUMN account.tenant_id IS 'The tenant';
COMMENT ON COLUMN account.account_id IS 'Number of the account';
COMMENT ON COLUMN account.name IS 'Sign-in name';
COMMENT ON COLUMN account.role IS 'Read by binaries older than account_role alone';
COMMENT ON COLUMN account.password_hash IS 'argon2id, PHC string; NULL = invited or reset, and not joined yet';
COMMENT ON COLUMN account.disabled_at IS 'Since when sign-in is refused; NULL = may sign in';
COMMENT ON COLUMN account.created_at IS 'When it was made';
COMMENT ON COLUMN account.created_by IS 'Who made it';
COMMENT ON COLUMN account.last_sign_in_at IS 'When the person last signed in; NULL = never, or not since this is kept';
GRANT SELECT, INSERT, UPDATE, DELETE ON account TO otad_app;
GRANT SELECT (tenant_id, account_id, name, disabled_at) ON account TO otad_jobs;

CREATE TABLE account_role (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    role       text   NOT NULL COLLATE "C" CHECK (role ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    PRIMARY KEY (tenant_id, account_id, role),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX account_role_by_role ON account_role (tenant_id, role);
COMMENT ON TABLE account_role IS 'Roles of people; somebody has the union of theirs';
COMMENT ON COLUMN account_role.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_role.account_id IS 'Who has it';
COMMENT ON COLUMN account_role.role IS 'Name of the role';
GRANT SELECT, INSERT, DELETE ON account_role TO otad_app;
GRANT SELECT ON account_role TO otad_jobs;

CREATE TABLE account_link (
    tenant_id  bigint      NOT NULL,
    account_id bigint      NOT NULL,
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    kind       text        NOT NULL CHECK (kind IN ('invitation', 'reset')),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE account_link IS 'One-time links by which people choose a password; at most one each, gone when used';
COMMENT ON COLUMN account_link.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_link.account_id IS 'Whose password it sets';
COMMENT ON COLUMN account_link.token_hash IS 'Keyed hash of the token';
COMMENT ON COLUMN account_link.kind IS 'invitation: for the first time; reset: again';
COMMENT ON COLUMN account_link.created_at IS 'When it was made';
COMMENT ON COLUMN account_link.created_by IS 'The admin who made it';
COMMENT ON COLUMN account_link.expires_at IS 'Until when it counts';
GRANT SELECT, INSERT, UPDATE, DELETE ON account_link TO otad_app;

CREATE TABLE account_totp (
    tenant_id    bigint      NOT NULL,
    account_id   bigint      NOT NULL,
    secret       bytea       NOT NULL CHECK (octet_length(secret) = 60),
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL DEFAULT 0 CHECK (last_step >= 0),
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE
);
COMMENT ON TABLE account_totp IS 'Second factors (RFC 6238)';
COMMENT ON COLUMN account_totp.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_totp.account_id IS 'Whose it is';
COMMENT ON COLUMN account_totp.secret IS 'Nonce (24), secret of 20 bytes under XChaCha20, tag (16); the key comes from the pepper';
COMMENT ON COLUMN account_totp.created_at IS 'When it was made';
COMMENT ON COLUMN account_totp.confirmed_at IS 'Since when it is asked for; NULL = not in force';
COMMENT ON COLUMN account_totp.last_step IS 'The newest time step whose code was used: only later ones count';
GRANT SELECT, INSERT, UPDATE, DELETE ON account_totp TO otad_app;

CREATE TABLE account_recovery (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    code_hash  bytea  NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (tenant_id, account_id, code_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account_totp ON DELETE CASCADE
);
COMMENT ON TABLE account_recovery IS 'Recovery codes, each in place of one code of the second factor; gone when used';
COMMENT ON COLUMN account_recovery.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_recovery.account_id IS 'Whose it is';
COMMENT ON COLUMN account_recovery.code_hash IS 'Keyed hash of the code';
GRANT SELECT, INSERT, DELETE ON account_recovery TO otad_app;

CREATE TABLE setup_token (
    tenant_id  bigint      PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE setup_token IS 'The one-time token that makes the first account';
COMMENT ON COLUMN setup_token.tenant_id IS 'The tenant';
COMMENT ON COLUMN setup_token.token_hash IS 'Keyed hash of the token';
COMMENT ON COLUMN setup_token.created_at IS 'When it was made';
COMMENT ON COLUMN setup_token.expires_at IS 'Until when it counts';
GRANT SELECT, INSERT, UPDATE, DELETE ON setup_token TO otad_app;

CREATE TABLE session (
    tenant_id    bigint      NOT NULL,
    session_hash bytea       NOT NULL CHECK (octet_length(session_hash) = 32),
    account_id   bigint      NOT NULL,
    csrf_token   text        NOT NULL CHECK (length(csrf_token) BETWEEN 1 AND 64),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    session_id   bigint      GENERATED ALWAYS AS IDENTITY,
    address      text        NOT NULL DEFAULT '' CHECK (char_length(address) <= 64),
    agent        text        NOT NULL DEFAULT '' CHECK (char_length(agent) <= 256),
    PRIMARY KEY (tenant_id, session_hash),
    UNIQUE (tenant_id, session_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX session_by_account ON session (tenant_id, account_id);
COMMENT ON TABLE session IS 'Sign-ins of people';
COMMENT ON COLUMN session.tenant_id IS 'The tenant';
COMMENT ON COLUMN session.session_hash IS 'Keyed hash of the cookie';
COMMENT ON COLUMN session.account_id IS 'Who signed in';
COMMENT ON COLUMN session.csrf_token IS 'What X-CSRF-Token must repeat; useless without the cookie';
COMMENT ON COLUMN session.created_at IS 'When it was made';
COMMENT ON COLUMN session.last_used_at IS 'When it was last used, to the precision of touches';
COMMENT ON COLUMN session.expires_at IS 'When it ends';
COMMENT ON COLUMN session.session_id IS 'Number of the sign-in, by which people name it';
COMMENT ON COLUMN session.address IS 'Where it was made from';
COMMENT ON COLUMN session.agent IS 'User-Agent that made it, cut to 256 characters';
GRANT SELECT, INSERT, UPDATE, DELETE ON session TO otad_app;
GRANT SELECT, DELETE ON session TO otad_jobs;

-- ------------------------------------------------------------------------------------------------------- platforms

CREATE TABLE platform (
    tenant_id      bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform_id    bigint      GENERATED ALWAYS AS IDENTITY,
    name           text        NOT NULL COLLATE "C" CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    title          text        NOT NULL CHECK (char_length(title) <= 200),
    follow_channel boolean     NOT NULL,
    hardware_class bytea       CHECK (octet_length(hardware_class) = 16),
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, platform_id),
    UNIQUE (tenant_id, name)
);
COMMENT ON TABLE platform IS 'Kinds of hardware that releases are made for';
COMMENT ON COLUMN platform.tenant_id IS 'The tenant';
COMMENT ON COLUMN platform.platform_id IS 'Number of the platform';
COMMENT ON COLUMN platform.name IS 'Canonical name; also a row of platform_alias';
COMMENT ON COLUMN platform.title IS 'Name for people';
COMMENT ON COLUMN platform.follow_channel IS 'Devices are offered the newest release of their channel by themselves';
COMMENT ON COLUMN platform.hardware_class IS 'UUID of the first key manifest; NULL = images are not required';
COMMENT ON COLUMN platform.created_at IS 'When it was made';
GRANT SELECT, INSERT, UPDATE ON platform TO otad_app;
GRANT SELECT ON platform TO otad_jobs;

CREATE TABLE platform_alias (
    tenant_id   bigint NOT NULL,
    name        text   NOT NULL COLLATE "C" CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    platform_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
CREATE INDEX platform_alias_by_platform ON platform_alias (tenant_id, platform_id);
ALTER TABLE platform ADD FOREIGN KEY (tenant_id, name) REFERENCES platform_alias DEFERRABLE INITIALLY DEFERRED;
COMMENT ON TABLE platform_alias IS 'Every name that a platform is known by, its own included: one name space';
COMMENT ON COLUMN platform_alias.tenant_id IS 'The tenant';
COMMENT ON COLUMN platform_alias.name IS 'The name';
COMMENT ON COLUMN platform_alias.platform_id IS 'Whose name it is';
GRANT SELECT, INSERT, DELETE ON platform_alias TO otad_app;
GRANT SELECT ON platform_alias TO otad_jobs;

CREATE TABLE platform_root (
    tenant_id   bigint   NOT NULL,
    platform_id bigint   NOT NULL,
    root_index  smallint NOT NULL CHECK (root_index BETWEEN 0 AND 2),
    algorithm   smallint NOT NULL CHECK (algorithm IN (1, 2)),
    public_key  bytea    NOT NULL,
    PRIMARY KEY (tenant_id, platform_id, root_index),
    UNIQUE (tenant_id, platform_id, public_key),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE,
    CHECK (octet_length(public_key) = CASE algorithm WHEN 1 THEN 32 ELSE 64 END)
);
COMMENT ON TABLE platform_root IS 'Boot roots of a platform (SPEC 3): never changed';
COMMENT ON COLUMN platform_root.tenant_id IS 'The tenant';
COMMENT ON COLUMN platform_root.platform_id IS 'Whose root it is';
COMMENT ON COLUMN platform_root.root_index IS 'Index as in key manifests';
COMMENT ON COLUMN platform_root.algorithm IS '1 Ed25519, 2 P-256';
COMMENT ON COLUMN platform_root.public_key IS 'Raw public key: 32 bytes, or X and Y of 32 bytes each';
GRANT SELECT, INSERT ON platform_root TO otad_app;

CREATE TABLE key_manifest (
    tenant_id   bigint      NOT NULL,
    platform_id bigint      NOT NULL,
    sequence    bigint      NOT NULL CHECK (sequence BETWEEN 0 AND 4294967295),
    manifest    bytea       NOT NULL CHECK (octet_length(manifest) BETWEEN 1 AND 1024),
    imported_at timestamptz NOT NULL DEFAULT now(),
    imported_by text        NOT NULL,
    PRIMARY KEY (tenant_id, platform_id, sequence),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
COMMENT ON TABLE key_manifest IS 'Key manifests of platforms (SPEC 3); the highest sequence counts, older ones are history';
COMMENT ON COLUMN key_manifest.tenant_id IS 'The tenant';
COMMENT ON COLUMN key_manifest.platform_id IS 'Whose manifest it is';
COMMENT ON COLUMN key_manifest.sequence IS 'Its sequence number; only rises';
COMMENT ON COLUMN key_manifest.manifest IS 'The signed bytes';
COMMENT ON COLUMN key_manifest.imported_at IS 'When it was imported';
COMMENT ON COLUMN key_manifest.imported_by IS 'Who imported it';
GRANT SELECT, INSERT ON key_manifest TO otad_app;
GRANT SELECT ON key_manifest TO otad_jobs;

-- ----------------------------------------------------------------------------------------------- roles of one's own

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

-- ----------------------------------------------------------------------------------------- keys of machines

CREATE SEQUENCE api_key_id_seq;
GRANT USAGE ON SEQUENCE api_key_id_seq TO otad_app;
CREATE TABLE api_key (
    tenant_id     bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    api_key_id    bigint      NOT NULL UNIQUE,
    name          text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64 AND name !~ '[[:cntrl:]]'),
    key_hash      bytea       NOT NULL CHECK (octet_length(key_hash) = 32),
    scopes        text[]      NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY[
        'device.read', 'device.write', 'release.read', 'release.upload', 'release.manage', 'platform.manage',
        'key.manage', 'user.manage', 'release.promote', 'release.withdraw', 'link.create', 'audit.read']),
    all_platforms boolean     NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text        NOT NULL,
    last_used_at  timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    PRIMARY KEY (tenant_id, api_key_id)
);
ALTER SEQUENCE api_key_id_seq OWNED BY api_key.api_key_id;
COMMENT ON TABLE api_key IS 'Keys of CI and of plain devices';
COMMENT ON COLUMN api_key.tenant_id IS 'The tenant';
COMMENT ON COLUMN api_key.api_key_id IS 'Number of the key; part of its text, so unique over tenants';
COMMENT ON COLUMN api_key.name IS 'Name for people';
COMMENT ON COLUMN api_key.key_hash IS 'Keyed hash of the secret';
COMMENT ON COLUMN api_key.scopes IS 'Permissions it has';
COMMENT ON COLUMN api_key.all_platforms IS 'Counts for every platform; else for those in api_key_platform';
COMMENT ON COLUMN api_key.created_at IS 'When it was made';
COMMENT ON COLUMN api_key.created_by IS 'Who made it';
COMMENT ON COLUMN api_key.last_used_at IS 'When it was last used, written behind; NULL = never';
COMMENT ON COLUMN api_key.expires_at IS 'When it ends; NULL = never';
COMMENT ON COLUMN api_key.revoked_at IS 'When it was revoked; NULL = valid';
GRANT SELECT, INSERT, UPDATE ON api_key TO otad_app;
GRANT SELECT ON api_key TO otad_jobs;
GRANT UPDATE (last_used_at) ON api_key TO otad_jobs;

CREATE TABLE api_key_platform (
    tenant_id   bigint NOT NULL,
    api_key_id  bigint NOT NULL,
    platform_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, api_key_id, platform_id),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, api_key_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
CREATE INDEX api_key_platform_by_platform ON api_key_platform (tenant_id, platform_id);
COMMENT ON TABLE api_key_platform IS 'Platforms that an API key counts for';
COMMENT ON COLUMN api_key_platform.tenant_id IS 'The tenant';
COMMENT ON COLUMN api_key_platform.api_key_id IS 'The key';
COMMENT ON COLUMN api_key_platform.platform_id IS 'The platform';
GRANT SELECT, INSERT ON api_key_platform TO otad_app;
GRANT SELECT ON api_key_platform TO otad_jobs;

CREATE TABLE gateway_token (
    tenant_id        bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    gateway_token_id bigint      GENERATED ALWAYS AS IDENTITY,
    name             text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64 AND name !~ '[[:cntrl:]]'),
    token_hash       bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    platform_id      bigint,
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text        NOT NULL,
    revoked_at       timestamptz,
    PRIMARY KEY (tenant_id, gateway_token_id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform
);
CREATE INDEX gateway_token_by_platform ON gateway_token (tenant_id, platform_id);
COMMENT ON TABLE gateway_token IS 'Tokens that may act as any device and register new ones';
COMMENT ON COLUMN gateway_token.tenant_id IS 'The tenant';
COMMENT ON COLUMN gateway_token.gateway_token_id IS 'Number of the token';
COMMENT ON COLUMN gateway_token.name IS 'Name for people';
COMMENT ON COLUMN gateway_token.token_hash IS 'Keyed hash of the token';
COMMENT ON COLUMN gateway_token.platform_id IS 'Platform of devices that tell none; NULL = unknown';
COMMENT ON COLUMN gateway_token.created_at IS 'When it was made';
COMMENT ON COLUMN gateway_token.created_by IS 'Who made it';
COMMENT ON COLUMN gateway_token.revoked_at IS 'When it was revoked; NULL = valid';
GRANT SELECT, INSERT, UPDATE ON gateway_token TO otad_app;
GRANT SELECT ON gateway_token TO otad_jobs;

-- -------------------------------------------------------------------------------------------------------- releases

CREATE TABLE release (
    tenant_id        bigint      NOT NULL,
    release_id       bigint      GENERATED ALWAYS AS IDENTITY,
    platform_id      bigint      NOT NULL,
    version          text        NOT NULL CHECK (version ~ '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$'
                                                 AND length(version) <= 64),
    version_key      bytea       NOT NULL CHECK (octet_length(version_key) BETWEEN 13 AND 64),
    security_counter bigint      NOT NULL CHECK (security_counter BETWEEN 0 AND 4294967295),
    state            text        NOT NULL DEFAULT 'draft'
                                 CHECK (state IN ('draft', 'complete', 'released', 'withdrawn')),
    channel          text        CHECK (channel IN ('stable', 'beta')),
    notes            text        NOT NULL CHECK (octet_length(notes) <= 65536),
    sums             text        NOT NULL CHECK (octet_length(sums) BETWEEN 1 AND 65536),
    minisig          text        NOT NULL CHECK (octet_length(minisig) BETWEEN 1 AND 4096),
    sums_signed_by   text        NOT NULL CHECK (sums_signed_by ~ '^[0-9A-Fa-f]{16}$'),
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text        NOT NULL,
    released_at      timestamptz,
    released_by      text,
    withdrawn_at     timestamptz,
    withdrawn_by     text,
    withdrawn_reason text        CHECK (char_length(withdrawn_reason) <= 1000),
    minimum_version  text        CHECK (length(minimum_version) BETWEEN 1 AND 64),
    minimum_version_key bytea    CHECK (octet_length(minimum_version_key) BETWEEN 13 AND 64),
    PRIMARY KEY (tenant_id, release_id),
    UNIQUE (tenant_id, platform_id, version),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform,
    CHECK ((channel IS NULL) = (released_at IS NULL) AND (channel IS NULL) = (released_by IS NULL)),
    CHECK (state NOT IN ('draft', 'complete') OR channel IS NULL),
    CHECK (state <> 'released' OR channel IS NOT NULL),
    CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL)
       AND (state = 'withdrawn') = (withdrawn_by IS NOT NULL)
       AND (state = 'withdrawn') = (withdrawn_reason IS NOT NULL)),
    CHECK ((minimum_version IS NULL) = (minimum_version_key IS NULL) AND minimum_version_key < version_key)
);
CREATE UNIQUE INDEX release_by_version_key ON release (tenant_id, platform_id, version_key, version);
COMMENT ON TABLE release IS 'One version for one platform';
COMMENT ON COLUMN release.tenant_id IS 'The tenant';
COMMENT ON COLUMN release.release_id IS 'Number of the release; DDI software module id';
COMMENT ON COLUMN release.platform_id IS 'For which platform';
COMMENT ON COLUMN release.version IS 'Version as text';
COMMENT ON COLUMN release.version_key IS 'Version as bytes that sort like versions (otad/fleet/version.h)';
COMMENT ON COLUMN release.security_counter IS 'Security counter that the signed sums state';
COMMENT ON COLUMN release.state IS 'draft: artifacts are missing; complete: assignable; released: on its channel; withdrawn';
COMMENT ON COLUMN release.channel IS 'Channel it is or was on; NULL = never released';
COMMENT ON COLUMN release.notes IS 'Notes for people';
COMMENT ON COLUMN release.sums IS 'SHA256SUMS as uploaded';
COMMENT ON COLUMN release.minisig IS 'SHA256SUMS.minisig as uploaded';
COMMENT ON COLUMN release.sums_signed_by IS 'minisign key number, hexadecimal';
COMMENT ON COLUMN release.created_at IS 'When it was made';
COMMENT ON COLUMN release.created_by IS 'Who made it';
COMMENT ON COLUMN release.released_at IS 'When it came to its channel';
COMMENT ON COLUMN release.released_by IS 'Who released it';
COMMENT ON COLUMN release.withdrawn_at IS 'When it was withdrawn';
COMMENT ON COLUMN release.withdrawn_by IS 'Who withdrew it';
COMMENT ON COLUMN release.withdrawn_reason IS 'Why it was withdrawn';
COMMENT ON COLUMN release.minimum_version IS 'Lowest version that may update to it; NULL = any';
COMMENT ON COLUMN release.minimum_version_key IS 'The same as sortable bytes';
GRANT SELECT, INSERT, UPDATE ON release TO otad_app;
GRANT SELECT ON release TO otad_jobs;

CREATE TABLE artifact (
    tenant_id        bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    sha256           bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    size_bytes       bigint      NOT NULL CHECK (size_bytes >= 0),
    sha1             bytea       NOT NULL CHECK (octet_length(sha1) = 20),
    md5              bytea       NOT NULL CHECK (octet_length(md5) = 16),
    kind             text        NOT NULL CHECK (kind IN ('file', 'mcuboot')),
    image_version    text        CHECK (length(image_version) BETWEEN 1 AND 64),
    security_counter bigint      CHECK (security_counter BETWEEN 0 AND 4294967295),
    hardware_class   bytea       CHECK (octet_length(hardware_class) = 16),
    key_hash         bytea       CHECK (octet_length(key_hash) = 32),
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sha256),
    CHECK (num_nulls(image_version, security_counter, hardware_class, key_hash)
           = CASE kind WHEN 'mcuboot' THEN 0 ELSE 4 END)
);
COMMENT ON TABLE artifact IS 'Stored files; the store names them by digest';
COMMENT ON COLUMN artifact.tenant_id IS 'The tenant';
COMMENT ON COLUMN artifact.sha256 IS 'SHA-256 of the file';
COMMENT ON COLUMN artifact.size_bytes IS 'Size in bytes';
COMMENT ON COLUMN artifact.sha1 IS 'SHA-1 of the file, for DDI clients; decides nothing';
COMMENT ON COLUMN artifact.md5 IS 'MD5 of the file, for DDI clients; decides nothing';
COMMENT ON COLUMN artifact.kind IS 'mcuboot: an image of SPEC 2; file: anything else';
COMMENT ON COLUMN artifact.image_version IS 'Version in the image header; NULL for files';
COMMENT ON COLUMN artifact.security_counter IS 'Security counter in the image; NULL for files';
COMMENT ON COLUMN artifact.hardware_class IS 'Hardware class (UUID) in the image; NULL for files';
COMMENT ON COLUMN artifact.key_hash IS 'SHA-256 of the public key that signed the image; NULL for files';
COMMENT ON COLUMN artifact.created_at IS 'When it was first stored';
GRANT SELECT, INSERT ON artifact TO otad_app;
GRANT SELECT ON artifact TO otad_jobs;

CREATE TABLE release_artifact (
    tenant_id   bigint      NOT NULL,
    release_id  bigint      NOT NULL,
    name        text        NOT NULL COLLATE "C" CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    stored      bytea       CHECK (stored = sha256),
    stored_at   timestamptz,
    format      text        CHECK (format IN ('esp', 'uf2', 'cortex-m', 'cyclonedx', 'spdx')),
    details     jsonb       CHECK (jsonb_typeof(details) = 'object' AND length(details::text) <= 16384),
    PRIMARY KEY (tenant_id, release_id, name),
    FOREIGN KEY (tenant_id, release_id) REFERENCES release ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, stored) REFERENCES artifact (tenant_id, sha256),
    CHECK ((stored IS NULL) = (stored_at IS NULL)),
    CHECK ((format IS NULL) = (details IS NULL) AND (format IS NULL OR stored IS NOT NULL))
);
CREATE INDEX release_artifact_by_digest ON release_artifact (tenant_id, stored);
COMMENT ON TABLE release_artifact IS 'Files that the signed sums of a release name';
COMMENT ON COLUMN release_artifact.tenant_id IS 'The tenant';
COMMENT ON COLUMN release_artifact.release_id IS 'The release';
COMMENT ON COLUMN release_artifact.name IS 'File name';
COMMENT ON COLUMN release_artifact.sha256 IS 'Digest that the sums state';
COMMENT ON COLUMN release_artifact.stored IS 'The same digest once the file is stored; NULL = not uploaded';
COMMENT ON COLUMN release_artifact.stored_at IS 'When it was uploaded';
COMMENT ON COLUMN release_artifact.format IS 'What the file is, where artifact.kind says no more than file; NULL = just that';
COMMENT ON COLUMN release_artifact.details IS 'What was read from it, as the API shows it';
GRANT SELECT, INSERT, UPDATE ON release_artifact TO otad_app;
GRANT SELECT ON release_artifact TO otad_jobs;

CREATE TABLE release_step (
    tenant_id  bigint      NOT NULL,
    step_id    bigint      GENERATED ALWAYS AS IDENTITY,
    release_id bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text        NOT NULL,
    step       text        NOT NULL CHECK (step IN ('created', 'complete', 'released', 'promoted', 'withdrawn', 'changed')),
    detail     text        NOT NULL CHECK (char_length(detail) <= 1000),
    PRIMARY KEY (tenant_id, step_id),
    FOREIGN KEY (tenant_id, release_id) REFERENCES release ON DELETE CASCADE
);
CREATE INDEX release_step_by_release ON release_step (tenant_id, release_id, step_id);
COMMENT ON TABLE release_step IS 'History of each release; append-only';
COMMENT ON COLUMN release_step.tenant_id IS 'The tenant';
COMMENT ON COLUMN release_step.step_id IS 'Number of the step';
COMMENT ON COLUMN release_step.release_id IS 'The release';
COMMENT ON COLUMN release_step.at IS 'When it was done';
COMMENT ON COLUMN release_step.actor IS 'Who did it';
COMMENT ON COLUMN release_step.step IS 'What was done';
COMMENT ON COLUMN release_step.detail IS 'Channel, reason, or what was changed; may be empty';
GRANT SELECT, INSERT ON release_step TO otad_app;

-- --------------------------------------------------------------------------------------------------------- devices

CREATE TABLE device (
    tenant_id        bigint      NOT NULL REFERENCES tenant ON DELETE CASCADE,
    device_no        bigint      GENERATED ALWAYS AS IDENTITY,
    device_id        text        NOT NULL COLLATE "C" CHECK (device_id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    name             text        NOT NULL CHECK (char_length(name) <= 200 AND name !~ '[[:cntrl:]]'),
    platform_id      bigint,
    platform_chosen  boolean     NOT NULL,
    channel          text        NOT NULL CHECK (channel IN ('stable', 'beta')),
    token_hash       bytea       CHECK (octet_length(token_hash) = 32),
    gateway_token_id bigint,
    version          text        CHECK (char_length(version) BETWEEN 1 AND 128),
    version_key      bytea       CHECK (octet_length(version_key) BETWEEN 13 AND 64),
    security_counter bigint      NOT NULL DEFAULT 0 CHECK (security_counter BETWEEN 0 AND 4294967295),
    config_wanted    boolean     NOT NULL DEFAULT true,
    registered_at    timestamptz NOT NULL DEFAULT now(),
    skip_release_id  bigint,
    last_update_id   integer,
    installed_update_id integer,
    plain            boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, device_no),
    UNIQUE (tenant_id, device_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform,
    FOREIGN KEY (tenant_id, gateway_token_id) REFERENCES gateway_token,
    FOREIGN KEY (tenant_id, skip_release_id) REFERENCES release,
    CHECK (plain OR token_hash IS NOT NULL OR gateway_token_id IS NOT NULL),
    CHECK (NOT platform_chosen OR platform_id IS NOT NULL),
    CHECK (version IS NOT NULL OR version_key IS NULL)
);
CREATE INDEX device_by_platform ON device (tenant_id, platform_id, device_id);
CREATE INDEX device_by_version ON device (tenant_id, platform_id, version);
CREATE INDEX device_plain ON device (tenant_id, device_no) WHERE plain;
COMMENT ON TABLE device IS 'Devices; what changes with every poll is in device_seen';
COMMENT ON COLUMN device.tenant_id IS 'The tenant';
COMMENT ON COLUMN device.device_no IS 'Number of the device, never shown';
COMMENT ON COLUMN device.device_id IS 'Id that the device calls itself (DDI controllerId)';
COMMENT ON COLUMN device.name IS 'Name for people; may be empty';
COMMENT ON COLUMN device.platform_id IS 'Its platform; NULL = not known yet';
COMMENT ON COLUMN device.platform_chosen IS 'A person chose the platform: what the device tells does not change it';
COMMENT ON COLUMN device.channel IS 'Channel it follows';
COMMENT ON COLUMN device.token_hash IS 'Keyed hash of its target token; NULL = only by gateway token';
COMMENT ON COLUMN device.gateway_token_id IS 'Gateway token that registered it; NULL = a person did';
COMMENT ON COLUMN device.version IS 'Version that runs, as told by configData or a successful update; NULL = unknown';
COMMENT ON COLUMN device.version_key IS 'version as sortable bytes; NULL = unknown or no version of SPEC 1.2';
COMMENT ON COLUMN device.security_counter IS 'Security counter of the newest release that succeeded here; 0 = none';
COMMENT ON COLUMN device.config_wanted IS 'The next poll asks for configData';
COMMENT ON COLUMN device.registered_at IS 'When it was made known';
COMMENT ON COLUMN device.skip_release_id IS 'Release that failed or was cancelled here: not offered again by itself';
COMMENT ON COLUMN device.last_update_id IS 'Its newest update, open or closed; NULL = never had one';
COMMENT ON COLUMN device.installed_update_id IS 'The newest update that succeeded here; NULL = none did';
COMMENT ON COLUMN device.plain IS 'Known by the sessions of the plain door (SPEC 8.15) alone; has no token';
GRANT SELECT, INSERT, UPDATE, DELETE ON device TO otad_app;
GRANT SELECT ON device TO otad_jobs;

CREATE TABLE device_seen (
    tenant_id    bigint      NOT NULL,
    device_no    bigint      NOT NULL,
    last_seen_at timestamptz,
    address      text        NOT NULL DEFAULT '' CHECK (length(address) <= 64),
    PRIMARY KEY (tenant_id, device_no),
    FOREIGN KEY (tenant_id, device_no) REFERENCES device ON DELETE CASCADE
) WITH (fillfactor = 70);
COMMENT ON TABLE device_seen IS 'Written behind in batches; narrow and without further index, so that updates stay in their page';
COMMENT ON COLUMN device_seen.tenant_id IS 'The tenant';
COMMENT ON COLUMN device_seen.device_no IS 'The device';
COMMENT ON COLUMN device_seen.last_seen_at IS 'When it last polled; NULL = never';
COMMENT ON COLUMN device_seen.address IS 'Address it last polled from; empty = unknown';
GRANT SELECT, INSERT ON device_seen TO otad_app;
GRANT SELECT, UPDATE ON device_seen TO otad_jobs;

CREATE TABLE device_attribute (
    tenant_id bigint NOT NULL,
    device_no bigint NOT NULL,
    key       text   NOT NULL COLLATE "C" CHECK (char_length(key) BETWEEN 1 AND 128),
    value     text   NOT NULL CHECK (char_length(value) <= 128),
    PRIMARY KEY (tenant_id, device_no, key),
    FOREIGN KEY (tenant_id, device_no) REFERENCES device ON DELETE CASCADE
);
COMMENT ON TABLE device_attribute IS 'What devices tell of themselves by configData; at most 100 each';
COMMENT ON COLUMN device_attribute.tenant_id IS 'The tenant';
COMMENT ON COLUMN device_attribute.device_no IS 'The device';
COMMENT ON COLUMN device_attribute.key IS 'Name of the attribute';
COMMENT ON COLUMN device_attribute.value IS 'Its value';
GRANT SELECT, INSERT, UPDATE, DELETE ON device_attribute TO otad_app;

-- --------------------------------------------------------------------------------------------------------- updates

CREATE SEQUENCE update_id_seq AS integer MINVALUE 11 NO CYCLE;
COMMENT ON SEQUENCE update_id_seq IS 'Use next_update_id';
GRANT USAGE ON SEQUENCE update_id_seq TO otad_app;

CREATE FUNCTION next_update_id() RETURNS integer LANGUAGE plpgsql VOLATILE SET search_path = otad AS $$
DECLARE
    id integer;
BEGIN
    LOOP
        id := nextval('update_id_seq');
        EXIT WHEN id::text !~ '^[0-9]0*$';
    END LOOP;
    RETURN id;
END $$;
COMMENT ON FUNCTION next_update_id() IS 'Ids that DDI clients in the field read: not one digit and zeros, which Zephyr''s takes for zero';

CREATE TABLE device_update (
    tenant_id        bigint      NOT NULL,
    update_id        integer     NOT NULL DEFAULT next_update_id() CHECK (update_id > 0 AND update_id::text !~ '^[0-9]0*$'),
    device_no        bigint      NOT NULL,
    release_id       bigint      NOT NULL,
    from_version     text        CHECK (char_length(from_version) BETWEEN 1 AND 128),
    state            text        NOT NULL DEFAULT 'pending'
                                 CHECK (state IN ('pending', 'retrieved', 'downloading', 'downloaded', 'installing',
                                                  'cancelling', 'succeeded', 'failed', 'cancelled')),
    cancelled_from   text        CHECK (cancelled_from IN ('retrieved', 'downloading', 'downloaded', 'installing')),
    progress_percent smallint    NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    reason           text        CHECK (char_length(reason) BETWEEN 1 AND 512),
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text        NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    closed_at        timestamptz,
    platform_id      bigint      NOT NULL,
    version          text        NOT NULL,
    source           text        NOT NULL DEFAULT 'ddi' CHECK (source IN ('ddi', 'plain')),
    started_at       timestamptz,
    PRIMARY KEY (tenant_id, update_id),
    FOREIGN KEY (tenant_id, device_no) REFERENCES device ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, release_id) REFERENCES release,
    CHECK ((closed_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled'))),
    CHECK ((cancelled_from IS NOT NULL) = (state = 'cancelling')),
    CHECK (reason IS NULL OR state IN ('failed', 'cancelled')),
    CHECK (state <> 'succeeded' OR progress_percent = 100),
    CHECK (closed_at >= created_at AND updated_at >= created_at),
    CHECK (started_at >= created_at AND started_at <= closed_at)
);
CREATE UNIQUE INDEX device_update_one_open ON device_update (tenant_id, device_no) WHERE closed_at IS NULL;
CREATE INDEX device_update_by_device ON device_update (tenant_id, device_no, update_id);
CREATE INDEX device_update_open ON device_update (tenant_id, update_id) WHERE closed_at IS NULL;
CREATE INDEX device_update_by_release ON device_update (tenant_id, release_id);
CREATE INDEX device_update_plain_open ON device_update (updated_at) WHERE closed_at IS NULL AND source = 'plain';
CREATE INDEX device_update_by_platform ON device_update (tenant_id, platform_id, update_id);
ALTER TABLE device ADD FOREIGN KEY (tenant_id, last_update_id) REFERENCES device_update;
ALTER TABLE device ADD FOREIGN KEY (tenant_id, installed_update_id) REFERENCES device_update;
COMMENT ON TABLE device_update IS 'One device''s way to one release (DDI action); a device has at most one open';
COMMENT ON COLUMN device_update.tenant_id IS 'The tenant';
COMMENT ON COLUMN device_update.update_id IS 'Number of the update (DDI action id)';
COMMENT ON COLUMN device_update.device_no IS 'The device';
COMMENT ON COLUMN device_update.release_id IS 'What it is to install';
COMMENT ON COLUMN device_update.from_version IS 'Version that ran when it was made; NULL = unknown';
COMMENT ON COLUMN device_update.state IS 'pending to cancelling: open; succeeded, failed, cancelled: closed, never changes';
COMMENT ON COLUMN device_update.cancelled_from IS 'State that a refused cancellation returns to; NULL unless cancelling';
COMMENT ON COLUMN device_update.progress_percent IS 'Progress in percent, as the device reports it';
COMMENT ON COLUMN device_update.reason IS 'Why it failed or was cancelled, in the device''s words; NULL = not told';
COMMENT ON COLUMN device_update.created_at IS 'When it was made';
COMMENT ON COLUMN device_update.created_by IS 'Who made it';
COMMENT ON COLUMN device_update.updated_at IS 'When it last changed';
COMMENT ON COLUMN device_update.closed_at IS 'When it was closed; NULL = open';
COMMENT ON COLUMN device_update.source IS 'ddi: the device polls for it; plain: a session of the plain door (SPEC 8.15)';
COMMENT ON COLUMN device_update.started_at IS 'When the device began; NULL = not yet, or never';
COMMENT ON COLUMN device_update.platform_id IS 'The release''s platform, for whoever may see updates and no releases';
COMMENT ON COLUMN device_update.version IS 'The release''s version, likewise';
CREATE FUNCTION update_of_release() RETURNS trigger LANGUAGE plpgsql SET search_path = otad AS $$
BEGIN
    SELECT r.platform_id, r.version INTO NEW.platform_id, NEW.version
      FROM release r WHERE r.tenant_id = NEW.tenant_id AND r.release_id = NEW.release_id;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION update_of_release() IS 'What an update says of its release is the release''s';
CREATE TRIGGER of_release BEFORE INSERT ON device_update FOR EACH ROW EXECUTE FUNCTION update_of_release();
GRANT SELECT, INSERT, UPDATE ON device_update TO otad_app;
GRANT SELECT ON device_update TO otad_jobs;

CREATE TABLE update_event (
    tenant_id        bigint      NOT NULL,
    update_id        integer     NOT NULL,
    event_no         integer     NOT NULL CHECK (event_no BETWEEN 1 AND 1000),
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    execution        text        NOT NULL CHECK (execution IN (
        'closed', 'proceeding', 'canceled', 'scheduled', 'rejected', 'resumed', 'downloaded', 'download',
        'created', 'retrieved', 'cancel', 'withdrawn')),
    result           text        NOT NULL CHECK (result IN ('success', 'failure', 'none')),
    progress_percent smallint    CHECK (progress_percent BETWEEN 0 AND 100),
    details          text[]      NOT NULL CHECK (cardinality(details) <= 50),
    of_cancel        boolean     NOT NULL,
    PRIMARY KEY (tenant_id, update_id, event_no),
    FOREIGN KEY (tenant_id, update_id) REFERENCES device_update ON DELETE CASCADE
);
COMMENT ON TABLE update_event IS 'What happened to an update, mostly feedback of its device; append-only';
COMMENT ON COLUMN update_event.tenant_id IS 'The tenant';
COMMENT ON COLUMN update_event.update_id IS 'The update';
COMMENT ON COLUMN update_event.event_no IS 'Number within the update, without gaps; later feedback is not kept';
COMMENT ON COLUMN update_event.at IS 'When otad wrote it down';
COMMENT ON COLUMN update_event.execution IS 'DDI status.execution, or what otad itself did';
COMMENT ON COLUMN update_event.result IS 'DDI status.result.finished';
COMMENT ON COLUMN update_event.progress_percent IS 'Progress in percent; NULL = not told';
COMMENT ON COLUMN update_event.details IS 'DDI status.details';
COMMENT ON COLUMN update_event.of_cancel IS 'Feedback on the cancellation, not on the deployment';
GRANT SELECT, INSERT ON update_event TO otad_app;

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
    stale_since timestamptz CHECK (stale_since <= at),
    PRIMARY KEY (tenant_id, device_no),
    FOREIGN KEY (tenant_id, device_no) REFERENCES device ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX device_heartbeat_stale ON device_heartbeat (tenant_id, device_no) WHERE stale_since IS NOT NULL;
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
COMMENT ON COLUMN device_heartbeat.stale_since IS 'Since when it says that the metadata it trusts has expired (SPEC 10.7); NULL = it does not';
GRANT SELECT ON device_heartbeat TO otad_app;
GRANT SELECT, INSERT, UPDATE ON device_heartbeat TO otad_jobs;

-- ------------------------------------------------------------------------------------------------ links and the log

CREATE TABLE download_link (
    tenant_id   bigint      NOT NULL,
    link_id     bigint      GENERATED ALWAYS AS IDENTITY,
    platform_id bigint      NOT NULL,
    release_id  bigint      NOT NULL,
    artifact    text        NOT NULL CHECK (char_length(artifact) BETWEEN 1 AND 255),
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    account_id  bigint,
    api_key_id  bigint,
    created_by  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    byte_budget bigint      NOT NULL CHECK (byte_budget > 0),
    bytes_used  bigint      NOT NULL DEFAULT 0 CHECK (bytes_used >= 0),
    uses        bigint      NOT NULL DEFAULT 0 CHECK (uses >= 0),
    used_at     timestamptz,
    PRIMARY KEY (tenant_id, link_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform,
    FOREIGN KEY (tenant_id, release_id) REFERENCES release,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE SET NULL (account_id),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, api_key_id),
    CHECK (expires_at > created_at)
);
CREATE INDEX download_link_by_platform ON download_link (tenant_id, platform_id);
CREATE INDEX download_link_by_release ON download_link (tenant_id, release_id);
CREATE INDEX download_link_by_account ON download_link (tenant_id, account_id);
CREATE INDEX download_link_by_api_key ON download_link (tenant_id, api_key_id);
CREATE INDEX download_link_by_expiry ON download_link (expires_at);
CREATE INDEX download_link_by_use ON download_link (used_at);
COMMENT ON TABLE download_link IS 'Expiring links to one file (SPEC 8.14); their tokens are nowhere, only a key can make and check them';
COMMENT ON COLUMN download_link.tenant_id IS 'The tenant';
COMMENT ON COLUMN download_link.link_id IS 'Number of the link, part of its token';
COMMENT ON COLUMN download_link.platform_id IS 'Of the release';
COMMENT ON COLUMN download_link.release_id IS 'Whose file it leads to';
COMMENT ON COLUMN download_link.artifact IS 'Name of the file';
COMMENT ON COLUMN download_link.sha256 IS 'Its digest, to which the link is bound';
COMMENT ON COLUMN download_link.account_id IS 'The person who made it; NULL = a key did, or the account is gone';
COMMENT ON COLUMN download_link.api_key_id IS 'The key that made it; NULL = a person did';
COMMENT ON COLUMN download_link.created_by IS 'Who made it, by name';
COMMENT ON COLUMN download_link.created_at IS 'When it was made';
COMMENT ON COLUMN download_link.expires_at IS 'Until when it counts';
COMMENT ON COLUMN download_link.revoked_at IS 'Since when it counts no more; NULL = not revoked';
COMMENT ON COLUMN download_link.byte_budget IS 'Bytes that may be fetched by it in all';
COMMENT ON COLUMN download_link.bytes_used IS 'Bytes fetched or just being sent, written behind';
COMMENT ON COLUMN download_link.uses IS 'Downloads begun, written behind';
COMMENT ON COLUMN download_link.used_at IS 'When bytes_used was last written; NULL = never';
GRANT SELECT, INSERT ON download_link TO otad_app;
GRANT UPDATE (revoked_at) ON download_link TO otad_app;
GRANT SELECT, DELETE ON download_link TO otad_jobs;
GRANT UPDATE (bytes_used, uses, used_at) ON download_link TO otad_jobs;

CREATE TABLE download (
    tenant_id   bigint      NOT NULL,
    download_id bigint      GENERATED ALWAYS AS IDENTITY,
    platform_id bigint      NOT NULL,
    at          timestamptz NOT NULL,
    via         text        NOT NULL CHECK (via IN ('link', 'session', 'key', 'plain', 'esp', 'github')),
    who         text        NOT NULL CHECK (char_length(who) <= 80),
    link_id     bigint,
    platform    text        NOT NULL CHECK (char_length(platform) <= 64),
    version     text        NOT NULL CHECK (char_length(version) <= 64),
    artifact    text        NOT NULL CHECK (char_length(artifact) <= 255),
    address     text        NOT NULL CHECK (char_length(address) <= 64),
    bytes       bigint      NOT NULL CHECK (bytes >= 0),
    status      smallint    NOT NULL CHECK (status BETWEEN 100 AND 599),
    duration_ms bigint      NOT NULL CHECK (duration_ms >= 0),
    PRIMARY KEY (tenant_id, download_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform
);
CREATE INDEX download_by_platform ON download (tenant_id, platform_id);
CREATE INDEX download_by_time ON download (at);
COMMENT ON TABLE download IS 'Download log (SPEC 8.14): written behind, pruned by age, never changed';
COMMENT ON COLUMN download.tenant_id IS 'The tenant';
COMMENT ON COLUMN download.download_id IS 'Number of the entry';
COMMENT ON COLUMN download.platform_id IS 'Of the release';
COMMENT ON COLUMN download.at IS 'When it began';
COMMENT ON COLUMN download.via IS 'By which door';
COMMENT ON COLUMN download.who IS 'Name of the person or of the key ("key:ci"); of a link its maker';
COMMENT ON COLUMN download.link_id IS 'The link; NULL = no link';
COMMENT ON COLUMN download.platform IS 'Name of the platform';
COMMENT ON COLUMN download.version IS 'Version of the release';
COMMENT ON COLUMN download.artifact IS 'Name of the file';
COMMENT ON COLUMN download.address IS 'Where it went';
COMMENT ON COLUMN download.bytes IS 'Bytes sent';
COMMENT ON COLUMN download.status IS 'HTTP status of the answer';
COMMENT ON COLUMN download.duration_ms IS 'How long it took, in milliseconds';
GRANT SELECT ON download TO otad_app;
GRANT SELECT, INSERT, DELETE ON download TO otad_jobs;

-- ------------------------------------------------------------------------------------------------------- statistics

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

-- -------------------------------------------------------------------------------------------------------- audit log

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

-- ----------------------------------------------------------------------------------------------- row-level security

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
-- Each step is a right of its own, even if otad forgets to ask.
SELECT guard('release_step',
             '(SELECT r.platform_id FROM release r WHERE r.tenant_id = release_step.tenant_id AND r.release_id = release_step.release_id)',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw}',
             add => '{release.upload,release.manage,release.promote,release.withdraw}', change => '{}', remove => '{}');
CREATE POLICY steps ON release_step AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (may_every(CASE step WHEN 'created' THEN '{release.upload}'::text[]
                                    WHEN 'complete' THEN '{release.upload}'
                                    WHEN 'promoted' THEN '{release.promote}'
                                    WHEN 'withdrawn' THEN '{release.withdraw}'
                                    ELSE '{release.manage}' END,
                          (SELECT r.platform_id FROM release r
                            WHERE r.tenant_id = release_step.tenant_id AND r.release_id = release_step.release_id)));
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

SELECT guard('download_link', 'platform_id', see => '{link.create}', add => '{link.create}', change => '{link.create}', remove => '{}');
SELECT guard('download', 'platform_id', see => '{audit.read}', add => '{}', change => '{}', remove => '{}');

SELECT guard('audit_entry', 'platform_id', see => '{audit.read}', add => '{}', change => '{}', remove => '{}');
SELECT guard('update_summary', 'platform_id', see => '{device.read}', add => '{}', change => '{}', remove => '{}');
-- Their functions run as the owner, to whom no other row is shown.
CREATE POLICY append ON audit_entry FOR INSERT TO CURRENT_USER WITH CHECK (tenant_id = current_tenant());
CREATE POLICY newest ON audit_entry FOR SELECT TO CURRENT_USER USING (tenant_id = current_tenant());
CREATE POLICY counted ON update_summary TO CURRENT_USER USING (tenant_id = current_tenant());

-- ----------------------------------------------------------------------------- rows as the C structs have them

CREATE VIEW update_row WITH (security_invoker = true) AS
SELECT u.tenant_id, u.update_id, u.device_no, u.release_id, d.device_id, p.name AS platform, u.version,
       u.from_version, u.state, u.progress_percent, u.reason, u.created_by,
       unix_s(u.created_at) AS created_at_unix_s, unix_s(u.updated_at) AS updated_at_unix_s,
       unix_s(u.closed_at) AS closed_at_unix_s, u.platform_id, u.source,
       unix_s(u.started_at) AS started_at_unix_s
  FROM device_update u
  JOIN device d USING (tenant_id, device_no)
  JOIN platform p ON p.tenant_id = u.tenant_id AND p.platform_id = u.platform_id;
COMMENT ON VIEW update_row IS 'struct update, in its readers'' order (otad/db/update.c)';
GRANT SELECT ON update_row TO otad_app, otad_jobs;

CREATE VIEW device_row WITH (security_invoker = true) AS
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
COMMENT ON VIEW device_row IS 'struct device, in its readers'' order (otad/db/device.c)';
GRANT SELECT ON device_row TO otad_app, otad_jobs;

CREATE VIEW release_row WITH (security_invoker = true) AS
SELECT r.tenant_id, r.release_id, r.platform_id, p.name AS platform, r.version, r.channel, r.state,
       r.security_counter, r.notes, r.created_by, unix_s(r.created_at) AS created_at_unix_s,
       unix_s(r.released_at) AS released_at_unix_s, r.withdrawn_reason, r.sums_signed_by, r.version_key,
       (SELECT count(*) FROM release_artifact f
         WHERE f.tenant_id = r.tenant_id AND f.release_id = r.release_id) AS expected_count,
       r.minimum_version
  FROM release r
  JOIN platform p USING (tenant_id, platform_id);
COMMENT ON VIEW release_row IS 'struct release without texts, in its readers'' order (otad/db/release.c)';
GRANT SELECT ON release_row TO otad_app, otad_jobs;

CREATE VIEW platform_row WITH (security_invoker = true) AS
SELECT p.tenant_id, p.platform_id, p.name, p.title,
       (SELECT string_agg(a.name, ' ' ORDER BY a.name) FROM platform_alias a
         WHERE a.tenant_id = p.tenant_id AND a.platform_id = p.platform_id AND a.name <> p.name) AS aliases,
       p.follow_channel, p.hardware_class,
       coalesce((SELECT max(k.sequence) FROM key_manifest k
                  WHERE k.tenant_id = p.tenant_id AND k.platform_id = p.platform_id), 0) AS key_manifest_sequence
  FROM platform p;
COMMENT ON VIEW platform_row IS 'What the memory model needs of platforms, aliases separated by one space';
GRANT SELECT ON platform_row TO otad_app, otad_jobs;

CREATE VIEW api_key_row WITH (security_invoker = true) AS
SELECT k.tenant_id, k.api_key_id, k.name, array_to_string(k.scopes, ' ') AS scopes,
       CASE WHEN k.all_platforms THEN '*'
            ELSE (SELECT string_agg(p.name, ' ' ORDER BY p.name)
                    FROM api_key_platform kp JOIN platform p USING (tenant_id, platform_id)
                   WHERE kp.tenant_id = k.tenant_id AND kp.api_key_id = k.api_key_id)
       END AS platforms,
       k.created_by, unix_s(k.created_at) AS created_at_unix_s, unix_s(k.last_used_at) AS last_used_at_unix_s,
       unix_s(k.expires_at) AS expires_at_unix_s, unix_s(k.revoked_at) AS revoked_at_unix_s, k.key_hash
  FROM api_key k;
COMMENT ON VIEW api_key_row IS 'struct api_key, in its readers'' order (otad/db/api_key.c)';
GRANT SELECT ON api_key_row TO otad_app, otad_jobs;

CREATE VIEW gateway_row WITH (security_invoker = true) AS
SELECT g.tenant_id, g.gateway_token_id, g.name, p.name AS platform, g.created_by,
       unix_s(g.created_at) AS created_at_unix_s, unix_s(g.revoked_at) AS revoked_at_unix_s, g.token_hash
  FROM gateway_token g
  LEFT JOIN platform p ON p.tenant_id = g.tenant_id AND p.platform_id = g.platform_id;
COMMENT ON VIEW gateway_row IS 'struct gateway, in its readers'' order (otad/db/gateway.c)';
GRANT SELECT ON gateway_row TO otad_app, otad_jobs;

CREATE VIEW account_row WITH (security_invoker = true) AS
SELECT a.tenant_id, a.account_id, a.name,
       (SELECT string_agg(r.role, ' ' ORDER BY r.role) FROM account_role r
         WHERE r.tenant_id = a.tenant_id AND r.account_id = a.account_id) AS roles,
       a.password_hash, a.disabled_at IS NOT NULL AS disabled,
       EXISTS (SELECT FROM account_totp t
                WHERE t.tenant_id = a.tenant_id AND t.account_id = a.account_id AND t.confirmed_at IS NOT NULL) AS totp,
       unix_s(a.created_at) AS created_at_unix_s, a.created_by, unix_s(a.last_sign_in_at) AS last_sign_in_at_unix_s
  FROM account a;
COMMENT ON VIEW account_row IS 'struct user, in its reader''s order (otad/db/read.c)';
GRANT SELECT ON account_row TO otad_app;

CREATE VIEW link_row WITH (security_invoker = true) AS
SELECT l.tenant_id, l.link_id, p.name AS platform, r.version, l.artifact, l.created_by, unix_s(l.created_at) AS created_at_unix_s,
       unix_s(l.expires_at) AS expires_at_unix_s, unix_s(l.revoked_at) AS revoked_at_unix_s, l.byte_budget, l.bytes_used, l.uses,
       CASE WHEN l.revoked_at IS NOT NULL THEN 'revoked'
            WHEN l.expires_at <= now() THEN 'expired'
            WHEN l.bytes_used >= l.byte_budget THEN 'used-up'
            ELSE 'active'
       END AS state, l.platform_id
  FROM download_link l
  JOIN platform p USING (tenant_id, platform_id)
  JOIN release r USING (tenant_id, release_id);
COMMENT ON VIEW link_row IS 'struct link, in its reader''s order (otad/db/link.c)';
GRANT SELECT ON link_row TO otad_app;

-- ------------------------------------------------------------------------------------ repositories of signed metadata

CREATE TABLE tuf_repository (
    tenant_id       bigint  NOT NULL,
    platform_id     bigint  NOT NULL,
    public_targets  boolean NOT NULL DEFAULT false,
    director_key    bytea   CHECK (octet_length(director_key) = 32),
    stable_floor    bytea   CHECK (octet_length(stable_floor) BETWEEN 13 AND 64),
    beta_floor      bytea   CHECK (octet_length(beta_floor) BETWEEN 13 AND 64),
    stable_counter  bigint  NOT NULL DEFAULT 0 CHECK (stable_counter BETWEEN 0 AND 4294967295),
    beta_counter    bigint  NOT NULL DEFAULT 0 CHECK (beta_counter BETWEEN 0 AND 4294967295),
    PRIMARY KEY (tenant_id, platform_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
COMMENT ON TABLE tuf_repository IS 'What otad remembers of a platform''s repository of signed metadata, beside its files';
COMMENT ON COLUMN tuf_repository.tenant_id IS 'The tenant';
COMMENT ON COLUMN tuf_repository.platform_id IS 'The platform';
COMMENT ON COLUMN tuf_repository.public_targets IS 'May anybody fetch the files that the metadata lists?';
COMMENT ON COLUMN tuf_repository.director_key IS 'The Ed25519 key of ours that the newest root names for the director; NULL = no root yet';
COMMENT ON COLUMN tuf_repository.stable_floor IS 'Highest version that was ever listed on stable, as sortable bytes; NULL = none';
COMMENT ON COLUMN tuf_repository.beta_floor IS 'The same on beta';
COMMENT ON COLUMN tuf_repository.stable_counter IS 'Highest security counter that was ever listed on stable';
COMMENT ON COLUMN tuf_repository.beta_counter IS 'The same on beta';
GRANT SELECT, INSERT, UPDATE ON tuf_repository TO otad_app;
GRANT SELECT ON tuf_repository TO otad_jobs;

CREATE TABLE tuf_file (
    tenant_id    bigint      NOT NULL,
    platform_id  bigint      NOT NULL,
    role         text        NOT NULL CHECK (role IN ('root', 'targets', 'platform', 'snapshot', 'timestamp')),
    version      bigint      NOT NULL CHECK (version BETWEEN 1 AND 9007199254740991),
    body         bytea       NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 4096),
    expires_at   timestamptz NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    published_by text        NOT NULL,
    PRIMARY KEY (tenant_id, platform_id, role, version),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
COMMENT ON TABLE tuf_file IS 'Published metadata: roots, targets and platform roles for ever, snapshots for a while, the newest timestamp';
COMMENT ON COLUMN tuf_file.tenant_id IS 'The tenant';
COMMENT ON COLUMN tuf_file.platform_id IS 'Whose repository it belongs to';
COMMENT ON COLUMN tuf_file.role IS 'Which role; platform is the one named like the platform';
COMMENT ON COLUMN tuf_file.version IS 'Its version';
COMMENT ON COLUMN tuf_file.body IS 'The file, word for word as it is served';
COMMENT ON COLUMN tuf_file.expires_at IS 'What it says of that';
COMMENT ON COLUMN tuf_file.published_at IS 'When it was published';
COMMENT ON COLUMN tuf_file.published_by IS 'Who sent what completed it; otad for renewals';
GRANT SELECT, INSERT, DELETE ON tuf_file TO otad_app;
GRANT SELECT ON tuf_file TO otad_jobs;

CREATE TABLE tuf_target (
    tenant_id   bigint NOT NULL,
    platform_id bigint NOT NULL,
    path        text   NOT NULL CHECK (length(path) BETWEEN 3 AND 256),
    release_id  bigint NOT NULL,
    sha256      bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    entry       text   NOT NULL CHECK (length(entry) <= 1024),
    PRIMARY KEY (tenant_id, platform_id, path),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, release_id) REFERENCES release ON DELETE CASCADE
);
CREATE INDEX tuf_target_by_release ON tuf_target (tenant_id, release_id);
COMMENT ON TABLE tuf_target IS 'What the newest published platform role lists, each checked against the stored file';
COMMENT ON COLUMN tuf_target.tenant_id IS 'The tenant';
COMMENT ON COLUMN tuf_target.platform_id IS 'Whose repository lists it';
COMMENT ON COLUMN tuf_target.path IS 'Version and name of the file, with a slash between';
COMMENT ON COLUMN tuf_target.release_id IS 'The release of this version';
COMMENT ON COLUMN tuf_target.sha256 IS 'Digest of the file';
COMMENT ON COLUMN tuf_target.entry IS 'What the role says of it: canonical JSON, for the director to repeat';
GRANT SELECT, INSERT, DELETE ON tuf_target TO otad_app;
GRANT SELECT ON tuf_target TO otad_jobs;

CREATE TABLE tuf_pending (
    tenant_id    bigint      NOT NULL,
    platform_id  bigint      NOT NULL,
    role         text        NOT NULL CHECK (role IN ('root', 'targets', 'platform')),
    signed_hash  bytea       NOT NULL CHECK (octet_length(signed_hash) = 32),
    version      bigint      NOT NULL CHECK (version BETWEEN 1 AND 9007199254740991),
    body         bytea       NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 4096),
    expires_at   timestamptz NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    submitted_by text        NOT NULL,
    PRIMARY KEY (tenant_id, platform_id, role, signed_hash),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform ON DELETE CASCADE
);
COMMENT ON TABLE tuf_pending IS 'The review queue: metadata that waits for signatures, or for what must be published with it';
COMMENT ON COLUMN tuf_pending.tenant_id IS 'The tenant';
COMMENT ON COLUMN tuf_pending.platform_id IS 'Whose repository it is for';
COMMENT ON COLUMN tuf_pending.role IS 'Which role';
COMMENT ON COLUMN tuf_pending.signed_hash IS 'SHA-256 of the part that is signed';
COMMENT ON COLUMN tuf_pending.version IS 'Its version';
COMMENT ON COLUMN tuf_pending.body IS 'The file with the signatures that it has so far';
COMMENT ON COLUMN tuf_pending.expires_at IS 'What it says of that';
COMMENT ON COLUMN tuf_pending.submitted_at IS 'When it was first sent';
COMMENT ON COLUMN tuf_pending.submitted_by IS 'Who sent it first';
GRANT SELECT, INSERT, UPDATE, DELETE ON tuf_pending TO otad_app;

CREATE FUNCTION listed(of_platform bigint, of_release bigint) RETURNS boolean LANGUAGE sql STABLE
    RETURN NOT EXISTS (SELECT FROM tuf_file f WHERE f.platform_id = of_platform AND f.role = 'root')
           OR EXISTS (SELECT FROM tuf_target t WHERE t.platform_id = of_platform AND t.release_id = of_release);
COMMENT ON FUNCTION listed(bigint, bigint) IS 'May a release of this platform go out: is it listed, or is there no repository?';

CREATE FUNCTION beta_alone(of_platform bigint, of_release bigint) RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce((SELECT bool_and(t.entry::jsonb #>> '{custom,channel}' = 'beta') FROM tuf_target t
                      WHERE t.platform_id = of_platform AND t.release_id = of_release), false);
COMMENT ON FUNCTION beta_alone(bigint, bigint) IS 'Does what is listed of a release say that it is for beta alone?';

-- Metadata are public.  Whoever assigns must be able to see whether a release is listed.
SELECT guard('tuf_repository', 'platform_id', see => '{anyone}', add => '{release.manage,platform.manage}',
             change => '{release.manage,platform.manage}', remove => '{}');
SELECT guard('tuf_file', 'platform_id', see => '{anyone}', add => '{release.manage}', change => '{}', remove => '{release.manage}');
-- Versions of what people sign are never used again, and every root must be there for ever.
CREATE POLICY stays ON tuf_file AS RESTRICTIVE FOR DELETE TO otad_app USING (role IN ('snapshot', 'timestamp'));
SELECT guard('tuf_target', 'platform_id', see => '{anyone}', add => '{release.manage}', change => '{}', remove => '{release.manage}');
SELECT guard('tuf_pending', 'platform_id', see => '{release.read,release.manage}', add => '{release.manage}',
             change => '{release.manage}', remove => '{release.manage}');
-- The first root says whom a platform trusts for ever, as its boot roots do.
CREATE POLICY first_root ON tuf_file AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (role <> 'root' OR version > 1 OR may_every('{platform.manage}', platform_id));
CREATE POLICY first_root ON tuf_pending AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (role <> 'root' OR version > 1 OR may_every('{platform.manage}', platform_id));

-- ------------------------------------------------------------------------------------------------------- first rows

ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tenant_clock NO FORCE ROW LEVEL SECURITY;
INSERT INTO tenant (tenant_id, name) VALUES (1, 'DEFAULT');
INSERT INTO tenant_clock (tenant_id) VALUES (1);
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
ALTER TABLE tenant_clock FORCE ROW LEVEL SECURITY;
