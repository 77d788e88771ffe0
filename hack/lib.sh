# What up, down and status share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
local_folder=$PWD/.local
simulator_address=127.0.0.1:8090
operator_address=127.0.0.1:8080
webhook_address=127.0.0.1:8081
api_key=1001_local

alive() { [[ -f $local_folder/$1.pid ]] && kill -0 "$(cat "$local_folder/$1.pid")" 2>/dev/null; }
