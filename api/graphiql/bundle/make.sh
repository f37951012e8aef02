#!/bin/sh
# Builds ../static from package-lock.json. Needs Node.js 20 or newer; run it after changing anything in this folder,
# and commit the result: the server itself needs no Node.js.
set -eu
cd "$(dirname "$0")"
npm ci
node build.mjs
