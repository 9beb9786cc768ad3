#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin openarena
stopped upgrade openarena-server openarena-data openarena-081-maps openarena-085-data \
    openarena-088-data ioquake3-server
