"""Servers and clients of npm: minecraft-protocol, bedrock-protocol; who asks: gamedig, rcon-client.

    with Java(folder) as server:
        with server.join("ann"): …
    gamedig("csgo", host, port)["numplayers"]
    rcon(host, port, password, ["list"])
"""

import json
import os
import pathlib
import signal
import subprocess

from peers import common, games

PATIENCE_S = 60

JAVA_SERVER = """
const mc = require('minecraft-protocol'), port = +process.argv[1]
const server = mc.createServer({host: '127.0.0.1', port, 'online-mode': false, version: '1.16.5',
                                motd: 'java peer', maxPlayers: 8})
const data = require('minecraft-data')('1.16.5')
server.on('playerJoin', client => client.write('login',
    {...data.loginPacket, entityId: client.id, maxPlayers: 8}))
server.on('listening', () => console.log('ready'))
"""
JAVA_CLIENT = """
const mc = require('minecraft-protocol'), [port, name] = process.argv.slice(1)
const client = mc.createClient({host: '127.0.0.1', port: +port, username: name, version: '1.16.5',
                                auth: 'offline'})
client.on('login', () => console.log('ready'))
client.on('error', e => { console.error(e); process.exit(1) })
"""
# bedrock-protocol asks for its native RakNet even where it is told to use the other one.
NOT_NATIVE = """
const M = require('module'), load = M._load
M._load = (name, ...more) => name === 'raknet-native' ? {} : load(name, ...more)
"""
# jsp-raknet closes the whole server when one client leaves; this one goes on.
BEDROCK_SERVER = NOT_NATIVE + """
const {Connection} = require('jsp-raknet/js/Connection')
Connection.prototype.disconnect = function (reason) {
    for (const [key, value] of this.listener.connections)
        if (value === this) this.listener.connections.delete(key)
    server.onCloseConnection(this, reason)
}
const bedrock = require('bedrock-protocol'), port = +process.argv[1]
const server = bedrock.createServer({host: '127.0.0.1', port, offline: true, version: '1.20.0',
    raknetBackend: 'jsp-raknet', motd: {motd: 'bedrock peer', levelName: 'world'}, maxPlayers: 8})
server.on('connect', client => client.on('join', () => client.write('play_status',
    {status: 'login_success'})))
Promise.resolve(server.raknet).then(() => console.log('ready'))
"""
BEDROCK_CLIENT = NOT_NATIVE + """
const bedrock = require('bedrock-protocol'), [port, name] = process.argv.slice(1)
const client = bedrock.createClient({host: '127.0.0.1', port: +port, username: name, offline: true,
    version: '1.20.0', raknetBackend: 'jsp-raknet', skipPing: true, connectTimeout: 30000})
client.on('join', () => console.log('ready'))
client.on('error', e => { console.error(e); process.exit(1) })
process.on('SIGTERM', () => { client.disconnect('bye'); setTimeout(() => process.exit(0), 300) })
"""
GAMEDIG = """
const [type, host, port] = process.argv.slice(1)
import('gamedig').then(({GameDig}) => GameDig.query({type, host, port: +port, givenPortOnly: true,
    requestPlayers: true, maxRetries: 3}))
    .then(a => console.log(JSON.stringify({name: a.name, numplayers: a.numplayers,
        maxplayers: a.maxplayers, players: a.players.map(p => p.name)})))
    .catch(e => { console.error(e.message); process.exit(1) })
"""
RCON = """
const {Rcon} = require('rcon-client'), [host, port, password, words] = process.argv.slice(1)
Rcon.connect({host, port: +port, password, timeout: 20000}).then(async rcon => {
    const said = []
    for (const word of JSON.parse(words)) said.push(await rcon.send(word))
    console.log(JSON.stringify(said))
    await rcon.end()
}).catch(e => { console.error(e.message); process.exit(1) })
"""


def command(script, needs, *args):
    games.module(needs)
    return [games.node(), "-e", script, *map(str, args)]


def environment():
    return ["env", f"NODE_PATH={games.NODE_MODULES}"]


class Script:
    """A script of the above that says "ready"."""

    def __init__(self, folder, name, script, needs, *args):
        self.children = common.Children(folder)
        self.child = self.children.start(
            name, [*environment(), *command(script, needs, *args)],
            end=signal.SIGTERM)
        said = pathlib.Path(folder) / f"{name}.out"
        self.children.wait_for(lambda: "ready" in said.read_text(errors="replace"), PATIENCE_S)

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server(Script):
    def __init__(self, folder):
        self.dir, self.joined = pathlib.Path(folder).resolve(), 0
        self.port = self.free_port()
        super().__init__(self.dir, "server", self.script, self.needs, self.port)

    def join(self, name):
        """Somebody plays until the end of the `with`."""
        self.joined += 1
        return Script(self.dir / f"client{self.joined}", name, self.client, self.needs, self.port,
                      name)


class Java(Server):
    script, client, needs = JAVA_SERVER, JAVA_CLIENT, "minecraft-protocol"

    def free_port(self):
        return common.free_ports(1)[0]


class Bedrock(Server):
    script, client, needs = BEDROCK_SERVER, BEDROCK_CLIENT, "bedrock-protocol"

    def free_port(self):
        return games.free_udp_ports(1)[0]


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S,
                          cwd=games.NODE_MODULES, env={**os.environ, "NODE_PATH":
                                                       str(games.NODE_MODULES)})
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def gamedig(kind, host, port):
    return run(*command(GAMEDIG, "gamedig", kind, host, port))


def rcon(host, port, password, words):
    """What each was answered."""
    return run(*command(RCON, "rcon-client", host, port, password, json.dumps(words)))
