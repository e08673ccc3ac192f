-- name: tuf_newest
-- $1 platform_id.  The newest of each role.
SELECT DISTINCT ON (role) role, version, body, unix_s(expires_at), unix_s(published_at), published_by
  FROM tuf_file
 WHERE platform_id = $1
 ORDER BY role, version DESC;

-- name: tuf_file_get
-- $1 platform_id, $2 role, $3 version
SELECT body FROM tuf_file WHERE platform_id = $1 AND role = $2 AND version = $3;

-- name: tuf_file_put
-- $1 platform_id, $2 role, $3 version, $4 body, $5 expires, $6 published_by
INSERT INTO tuf_file (tenant_id, platform_id, role, version, body, expires_at, published_by)
VALUES (current_tenant(), $1, $2, $3, $4::bytea, to_timestamp($5), $6);

-- name: tuf_file_prune
-- $1 platform_id.  A reader may still hold a timestamp that names an older snapshot.
DELETE FROM tuf_file f
 WHERE platform_id = $1 AND role IN ('timestamp', 'snapshot')
   AND version < (SELECT max(n.version) FROM tuf_file n WHERE n.platform_id = $1 AND n.role = f.role)
   AND (role = 'timestamp' OR expires_at < now());

-- name: tuf_pending_list
-- $1 platform_id
SELECT role, version, body, unix_s(expires_at), unix_s(submitted_at), submitted_by, signed_hash
  FROM tuf_pending
 WHERE platform_id = $1
 ORDER BY submitted_at, signed_hash;

-- name: tuf_pending_put
-- $1 platform_id, $2 role, $3 signed_hash, $4 version, $5 body, $6 expires, $7 submitted_by
INSERT INTO tuf_pending (tenant_id, platform_id, role, signed_hash, version, body, expires_at, submitted_by)
VALUES (current_tenant(), $1, $2, $3::bytea, $4, $5::bytea, to_timestamp($6), $7)
ON CONFLICT (tenant_id, platform_id, role, signed_hash) DO UPDATE SET body = excluded.body;

-- name: tuf_pending_remove
-- $1 platform_id, $2 role, $3 signed_hash
DELETE FROM tuf_pending WHERE platform_id = $1 AND role = $2 AND signed_hash = $3::bytea;

-- name: tuf_pending_done
-- $1 platform_id, $2 role, $3 version: neither this version nor an older one can be published any more
DELETE FROM tuf_pending WHERE platform_id = $1 AND role = $2 AND version <= $3;

-- name: tuf_repository_get
-- $1 platform_id
SELECT p.name, p.hardware_class, coalesce(r.public_targets, false), r.director_key, r.stable_floor, coalesce(r.stable_counter, 0),
       r.beta_floor, coalesce(r.beta_counter, 0), t.name
  FROM platform p
  JOIN tenant t USING (tenant_id)
  LEFT JOIN tuf_repository r USING (tenant_id, platform_id)
 WHERE p.platform_id = $1;

-- name: tuf_repository_put
-- $1 platform_id, $2 director_key, $3 stable_floor, $4 stable_counter, $5 beta_floor, $6 beta_counter
INSERT INTO tuf_repository (tenant_id, platform_id, director_key, stable_floor, stable_counter, beta_floor, beta_counter)
VALUES (current_tenant(), $1, $2::bytea, $3::bytea, $4, $5::bytea, $6)
ON CONFLICT (tenant_id, platform_id) DO UPDATE
   SET director_key = excluded.director_key, stable_floor = excluded.stable_floor, stable_counter = excluded.stable_counter,
       beta_floor = excluded.beta_floor, beta_counter = excluded.beta_counter;

-- name: tuf_repository_public
-- $1 platform_id, $2 public_targets
INSERT INTO tuf_repository (tenant_id, platform_id, public_targets)
VALUES (current_tenant(), $1, $2)
ON CONFLICT (tenant_id, platform_id) DO UPDATE SET public_targets = excluded.public_targets;

-- name: tuf_artifact
-- $1 platform_id, $2 version, $3 name of a file: what a target may be
SELECT r.release_id, r.state, r.version_key, r.security_counter, a.size_bytes, a.sha256, a.hardware_class
  FROM release r
  JOIN release_artifact f USING (tenant_id, release_id)
  JOIN artifact a ON a.tenant_id = f.tenant_id AND a.sha256 = f.stored
 WHERE r.platform_id = $1 AND r.version = $2 AND f.name = $3;

-- name: tuf_targets_clear
-- $1 platform_id
DELETE FROM tuf_target WHERE platform_id = $1;

-- name: tuf_target_put
-- $1 platform_id, $2 path, $3 release_id, $4 sha256, $5 entry
INSERT INTO tuf_target (tenant_id, platform_id, path, release_id, sha256, entry)
VALUES (current_tenant(), $1, $2, $3, $4::bytea, $5);

-- name: tuf_target_list
-- $1 platform_id
SELECT path, entry FROM tuf_target WHERE platform_id = $1 ORDER BY path;

-- name: tuf_listed
-- $1 platform_id, $2 release_id: may it go out, and to beta alone
SELECT listed($1, $2), beta_alone($1, $2);
