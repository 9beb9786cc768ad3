#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin valheim
stopped steam_app 896660
