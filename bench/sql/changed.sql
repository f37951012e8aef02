-- 500 households of a county with their members. $1–$7 as in village.sql, $8 is the county.
WITH viewer AS (
  SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', $2, true),
         set_config('ruhu.region_to', $3, true), set_config('ruhu.region_spans', $4, true),
         set_config('ruhu.helper_id', $5, true), set_config('ruhu.organisation_id', $6, true)
)
SELECT convert_to('{"data":{"households":{"nodes":[' || (
  SELECT coalesce(string_agg(o, ','), '')
  FROM (
    SELECT '{"id":"' || h.id || '","code":' || to_json(h.code) || ',"revision":"' || h.revision
        || '","address":' || coalesce(to_json(CASE WHEN $7::boolean THEN h.address END)::text, 'null')
        || ',"category":{"code":' || to_json(h.category)
        || '},"causes":[' || coalesce((SELECT string_agg('{"code":' || to_json(code) || '}', ',' ORDER BY place)
                                       FROM unnest(h.causes) WITH ORDINALITY AS given(code, place)), '')
        || '],"monitoringStatus":"' || h.monitoring_status
        || '","registeredOn":"' || h.registered_on
        || '","members":[' || people.o || ']}' AS o
    FROM (
      SELECT id, code, region_code, revision, address, category, causes, monitoring_status, registered_on
      FROM household
      WHERE region_code >= $8 AND region_code < $8 || ':' AND ended_on IS NULL
        AND (region_code >= $2 AND region_code < $3
               AND ($4 = '' OR region_code ^@ ANY (string_to_array($4, ',')))
             OR id = ANY (array(SELECT household_id FROM household_access
                                WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid))))
      ORDER BY region_code, code LIMIT 500
    ) AS h
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || p.id
          || '","name":' || to_json(CASE WHEN $7 THEN p.name ELSE left(p.name, 1) || '**' END)
          || ',"isHead":' || CASE WHEN p.is_head THEN 'true' ELSE 'false' END
          || ',"relationToHead":{"code":' || to_json(p.relation_to_head)
          || '},"sex":{"code":' || to_json(p.sex)
          || '},"bornOn":' || coalesce('"' || CASE WHEN $7 THEN p.born_on END || '"', 'null')
          || '}', ',' ORDER BY p.is_head DESC, p.born_on, p.id), '') AS o
      FROM person p
      WHERE p.household_id = h.id
        AND (p.region_code >= $2 AND p.region_code < $3
               AND ($4 = '' OR p.region_code ^@ ANY (string_to_array($4, ',')))
             OR p.household_id = ANY (array(SELECT household_id FROM household_access
                                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid))))
    ) AS people
    ORDER BY h.region_code, h.code
  ) AS rows
) || ']}}}', 'UTF8')
FROM viewer
