-- Repositories of signed metadata (SPEC 10): what is published, what waits for signatures, what is listed.  An older binary
-- knows nothing of them and would release what is not listed: stop it before the first root is published.

SET LOCAL search_path = otad;

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

-- Metadata are public.  Whoever assigns must be able to see whether a release is listed.
SELECT guard('tuf_repository', 'platform_id', see => '{anyone}', add => '{release.manage,platform.manage}',
             change => '{release.manage,platform.manage}', remove => '{}');
SELECT guard('tuf_file', 'platform_id', see => '{anyone}', add => '{release.manage}', change => '{}', remove => '{release.manage}');
-- Versions of what people sign are never used again, and every root must be there for ever.
CREATE POLICY stays ON tuf_file AS RESTRICTIVE FOR DELETE TO otad_app USING (role IN ('snapshot', 'timestamp'));
SELECT guard('tuf_target', 'platform_id', see => '{anyone}', add => '{release.manage}', change => '{}', remove => '{release.manage}');
SELECT guard('tuf_pending', 'platform_id', see => '{release.read,release.manage}', add => '{release.manage}',
             change => '{release.manage}', remove => '{release.manage}');
