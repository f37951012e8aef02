// PostGraphile 5 with its usual preset (amber) and the usual filter plugin, over the tables of schema public.
// PGHOST, PGDATABASE and PGUSER say where. With an X-Viewer header it works as its documentation has one do row-level
// security: the role and the settings are made in each transaction. Without it, it pays for no wall at all.
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import pg from "pg";

const pool = new pg.Pool({ max: 10 });
pool.on("error", () => {});
const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  // By default only indexed columns sort and filter; the bench sorts a family's members by age, as ours does.
  // PostGIS puts hundreds of functions into the schema; none is asked for. The filters over relations make one name
  // twice in our schema, and the types Region and Village fall away with it.
  disablePlugins: [
    "PgIndexBehaviorsPlugin",
    "PgProceduresPlugin",
    "PgConnectionArgFilterBackwardRelationsPlugin",
    "PgConnectionArgFilterForwardRelationsPlugin",
  ],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafast: {
    explain: false,
    context(requestContext) {
      const viewer = requestContext.node?.req.headers["x-viewer"];
      return viewer ? { pgSettings: { role: "ruhu_app", ...JSON.parse(viewer) } } : { pgSettings: {} };
    },
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, maxRequestLength: 100000 },
};
const serv = postgraphile(preset).createServ(grafserv);
const server = createServer();
await serv.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
