-- name: platform_find
-- $1 name or alias
SELECT platform_id FROM platform_alias WHERE name = $1;

-- name: platform_lock
-- $1 name or alias.  Whoever holds it is alone with the platform's releases and manifests.
SELECT p.platform_id
  FROM platform_alias a
  JOIN platform p USING (tenant_id, platform_id)
 WHERE a.name = $1
   FOR UPDATE OF p;

-- name: platform_list
-- $1 after, '' = from the start; $2 limit
SELECT p.platform_id, p.name, p.title, p.aliases, p.follow_channel, p.hardware_class, m.sequence, m.manifest,
       (SELECT r.version FROM release r
         WHERE r.platform_id = p.platform_id AND r.state = 'released' AND r.channel = 'stable'
         ORDER BY r.version_key DESC LIMIT 1),
       (SELECT r.version FROM release r
         WHERE r.platform_id = p.platform_id AND r.state = 'released' AND r.channel = 'beta'
         ORDER BY r.version_key DESC LIMIT 1),
       (SELECT count(*) FROM device d
         WHERE d.platform_id = p.platform_id AND may_every('{device.read}', p.platform_id)),
       (SELECT count(*) FROM device_heartbeat h JOIN device d USING (tenant_id, device_no)
         WHERE h.stale_since IS NOT NULL AND d.platform_id = p.platform_id AND may_every('{device.read}', p.platform_id)),
       (SELECT string_agg(set_byte('\x00'::bytea, 0, t.algorithm) || t.public_key, '' ORDER BY t.root_index)
          FROM platform_root t WHERE t.platform_id = p.platform_id)
  FROM platform_row p
  LEFT JOIN LATERAL (SELECT k.sequence, k.manifest FROM key_manifest k
                      WHERE k.platform_id = p.platform_id ORDER BY k.sequence DESC LIMIT 1) m ON true
 WHERE p.name > $1
 ORDER BY p.name
 LIMIT $2;

-- name: platform_get
-- $1 platform_id
SELECT p.platform_id, p.name, p.title, p.aliases, p.follow_channel, p.hardware_class, m.sequence, m.manifest,
       (SELECT r.version FROM release r
         WHERE r.platform_id = p.platform_id AND r.state = 'released' AND r.channel = 'stable'
         ORDER BY r.version_key DESC LIMIT 1),
       (SELECT r.version FROM release r
         WHERE r.platform_id = p.platform_id AND r.state = 'released' AND r.channel = 'beta'
         ORDER BY r.version_key DESC LIMIT 1),
       (SELECT count(*) FROM device d
         WHERE d.platform_id = p.platform_id AND may_every('{device.read}', p.platform_id)),
       (SELECT count(*) FROM device_heartbeat h JOIN device d USING (tenant_id, device_no)
         WHERE h.stale_since IS NOT NULL AND d.platform_id = p.platform_id AND may_every('{device.read}', p.platform_id)),
       (SELECT string_agg(set_byte('\x00'::bytea, 0, t.algorithm) || t.public_key, '' ORDER BY t.root_index)
          FROM platform_root t WHERE t.platform_id = p.platform_id)
  FROM platform_row p
  LEFT JOIN LATERAL (SELECT k.sequence, k.manifest FROM key_manifest k
                      WHERE k.platform_id = p.platform_id ORDER BY k.sequence DESC LIMIT 1) m ON true
 WHERE p.platform_id = $1;

-- name: platform_create
-- $1 name, $2 title, $3 follow_channel, $4 hardware_class or NULL
INSERT INTO platform (tenant_id, name, title, follow_channel, hardware_class)
VALUES (current_tenant(), $1, $2, $3, $4::bytea)
RETURNING platform_id;

-- name: platform_patch
-- $1 platform_id, $2 title or NULL, $3 follow_channel or NULL
UPDATE platform
   SET title = coalesce($2::text, title), follow_channel = coalesce($3::boolean, follow_channel)
 WHERE platform_id = $1;

-- name: platform_class_set
-- $1 platform_id, $2 hardware_class.  Touches nothing when it has another one.
UPDATE platform SET hardware_class = $2::bytea
 WHERE platform_id = $1 AND (hardware_class IS NULL OR hardware_class = $2::bytea);

-- name: platform_aliases_clear
-- $1 platform_id.  The platform's own name stays.
DELETE FROM platform_alias a USING platform p
 WHERE a.platform_id = $1 AND p.platform_id = $1 AND a.name <> p.name;

-- name: platform_aliases_put
-- $1 platform_id, $2 names
INSERT INTO platform_alias (tenant_id, name, platform_id)
SELECT DISTINCT current_tenant(), n, $1::bigint
  FROM unnest($2::text[]) n
 WHERE NOT EXISTS (SELECT FROM platform_alias a WHERE a.name = n AND a.platform_id = $1);

-- name: platform_root_put
-- $1 platform_id, $2 root_index, $3 algorithm, $4 public_key
INSERT INTO platform_root (tenant_id, platform_id, root_index, algorithm, public_key)
VALUES (current_tenant(), $1, $2, $3, $4::bytea);

-- name: key_manifest_newest
-- $1 platform_id, $2 sequence, $3 manifest: is it the newest, word for word; is the newest not older
SELECT k.sequence = $2 AND k.manifest = $3::bytea, k.sequence >= $2
  FROM key_manifest k
 WHERE k.platform_id = $1
 ORDER BY k.sequence DESC
 LIMIT 1;

-- name: key_manifest_put
-- $1 platform_id, $2 sequence, $3 manifest, $4 imported_by
INSERT INTO key_manifest (tenant_id, platform_id, sequence, manifest, imported_by)
VALUES (current_tenant(), $1, $2, $3::bytea, $4);
