"""Passes connections on: `forward.py tcp:127.0.0.1:80=unix:/run/x.sock …`, listening left, connecting right.

Unix sockets reach across network namespaces, so that nothing has to listen outside loopback."""

import asyncio
import sys


async def connect(where):
    kind, _, rest = where.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(rest)
    host, _, port = rest.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def listen(pair):
    left, _, right = pair.partition("=")

    async def passed(reader, writer):
        try:
            there_reader, there_writer = await connect(right)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    kind, _, rest = left.partition(":")
    if kind == "unix":
        return await asyncio.start_unix_server(passed, rest)
    host, _, port = rest.rpartition(":")
    return await asyncio.start_server(passed, host, int(port))


async def main():
    servers = [await listen(pair) for pair in sys.argv[1:]]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
