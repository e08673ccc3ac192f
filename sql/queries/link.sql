-- name: download_link_target
-- $1 platform_id, $2 version, $3 name of the file: is there such a file, and how far is its release?
SELECT r.release_id, r.state, a.sha256, a.size_bytes
  FROM release r
  JOIN release_artifact f USING (tenant_id, release_id)
  LEFT JOIN artifact a ON a.tenant_id = f.tenant_id AND a.sha256 = f.stored
 WHERE r.platform_id = $1 AND r.version = $2 AND f.name = $3;

-- name: download_link_put
-- $1 platform_id, $2 release_id, $3 artifact, $4 sha256, $5 account_id or NULL, $6 api_key_id or NULL, $7 created_by,
-- $8 seconds it counts, $9 byte_budget
INSERT INTO download_link (tenant_id, platform_id, release_id, artifact, sha256, account_id, api_key_id, created_by,
                           created_at, expires_at, byte_budget)
VALUES (current_tenant(), $1, $2, $3, $4::bytea, $5::bigint, $6::bigint, $7, date_trunc('second', now()),
        date_trunc('second', now()) + make_interval(secs => $8::integer), $9)
RETURNING link_id;

-- name: download_link_get
-- $1 link_id
SELECT * FROM link_row WHERE link_id = $1;

-- name: download_link_list
-- $1 after, 0 = from the start; $2 limit; $3 platform_id or NULL; $4 state or NULL
SELECT * FROM link_row
 WHERE ($1::bigint = 0 OR link_id < $1)
   AND ($3::bigint IS NULL OR platform_id = $3)
   AND ($4::text IS NULL OR state = $4)
 ORDER BY link_id DESC
 LIMIT $2;

-- name: download_link_revoke
-- $1 link_id
UPDATE download_link SET revoked_at = coalesce(revoked_at, now()) WHERE link_id = $1;

-- name: download_list
-- $1 after, 0 = from the start; $2 limit; the rest NULL = any: $3 platform_id, $4 who, $5 version, $6 via, $7 from, $8 to (seconds)
SELECT download_id, unix_s(at), via, who, link_id, platform, version, artifact, address, bytes, status, duration_ms
  FROM download
 WHERE ($1::bigint = 0 OR download_id < $1)
   AND ($3::bigint IS NULL OR platform_id = $3)
   AND ($4::text IS NULL OR who = $4)
   AND ($5::text IS NULL OR version = $5)
   AND ($6::text IS NULL OR via = $6)
   AND ($7::bigint IS NULL OR at >= from_unix_s($7))
   AND ($8::bigint IS NULL OR at < from_unix_s($8))
 ORDER BY download_id DESC
 LIMIT $2;

-- All that follows runs as otad_jobs, across tenants.

-- name: feed_links
-- $1 tenant_id
SELECT link_id, unix_s(expires_at), byte_budget, bytes_used, revoked_at IS NOT NULL, created_by
  FROM download_link
 WHERE tenant_id = $1 AND expires_at > now();

-- name: feed_links_of
-- $1 tenant_id, $2 link_ids
SELECT link_id, unix_s(expires_at), byte_budget, bytes_used, revoked_at IS NOT NULL, created_by
  FROM download_link
 WHERE tenant_id = $1 AND link_id = ANY ($2::bigint[]);

-- name: feed_links_use
-- $1 tenant_ids, $2 link_ids, $3 bytes to be added, which may be below 0, $4 uses to be added
UPDATE download_link l
   SET bytes_used = greatest(0, l.bytes_used + t.bytes), uses = l.uses + t.uses, used_at = now()
  FROM (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u(tenant_id, link_id, bytes, uses)
         ORDER BY tenant_id, link_id) t
 WHERE l.tenant_id = t.tenant_id AND l.link_id = t.link_id
RETURNING l.tenant_id, l.link_id, l.bytes_used;

-- name: feed_links_used
-- $1 seconds: what any otad has written of them in that time
SELECT tenant_id, link_id, bytes_used
  FROM download_link
 WHERE used_at > now() - make_interval(secs => $1::integer) AND expires_at > now();

-- name: feed_downloads
-- $1 tenant_ids, $2 at, $3 via, $4 who, $5 link_ids (0 = none), $6 platforms, $7 versions, $8 artifacts, $9 addresses,
-- $10 bytes, $11 statuses, $12 durations
INSERT INTO download (tenant_id, platform_id, at, via, who, link_id, platform, version, artifact, address, bytes, status,
                      duration_ms)
SELECT t.tenant_id, p.platform_id, to_timestamp(t.at), t.via, left(t.who, 80), nullif(t.link_id, 0), p.name, left(t.version, 64),
       left(t.artifact, 255), left(t.address, 64), t.bytes, t.status, t.duration_ms
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::bigint[], $11::smallint[], $12::bigint[])
       WITH ORDINALITY AS t(tenant_id, at, via, who, link_id, platform, version, artifact, address, bytes, status, duration_ms, n)
  JOIN platform p ON p.tenant_id = t.tenant_id AND p.name = t.platform
 ORDER BY t.n;

-- name: download_prune
-- $1 days
DELETE FROM download WHERE at < now() - make_interval(days => $1::integer);

-- name: download_link_prune
-- $1 days
DELETE FROM download_link WHERE expires_at < now() - make_interval(days => $1::integer);
