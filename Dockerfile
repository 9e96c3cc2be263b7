# A node of LLMAgentOS. Build: docker build -t llmagentos . Its configuration is /etc/llmagentos/llmagentos.yaml, its data lie in /data.

FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY build.mjs build-steps.mjs tsconfig.json ./
COPY proto proto
COPY actors actors
COPY cluster cluster
COPY src src
RUN node build.mjs

# What the node needs when it runs, in the versions of the lock file. pg is among it: here nobody can install it later.
FROM node:22-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm pkg set "dependencies.pg=$(npm pkg get peerDependencies.pg | tr -d '"')" \
  && npm pkg delete devDependencies peerDependencies peerDependenciesMeta \
  && npm install --ignore-scripts --no-audit --no-fund

FROM node:22-slim
ENV NODE_ENV=production
COPY --from=packages /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE /app/
COPY docs /app/docs
RUN ln -s /app/dist/src/cli/main.js /usr/local/bin/llmagentos \
  && mkdir -p /data /etc/llmagentos \
  && chown node:node /data
USER node
WORKDIR /etc/llmagentos
VOLUME /data
# REST and status page, gRPC, other nodes.
EXPOSE 7420 7421 7430
# The node gives its shards away before it ends: let it, `docker stop --time 60`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7420/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["start", "--host", "0.0.0.0", "--data", "/data"]
