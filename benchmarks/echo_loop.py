"""Sends back what comes over ZeroMQ, to measure what carries it. Ends with whoever started it."""

import os
import sys
import threading

import zmq


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def main(address):
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.bind(address)
    threading.Thread(target=end_with_parent, daemon=True).start()
    print("ready", flush=True)
    while True:
        socket.send_multipart(socket.recv_multipart(copy=False), copy=False)


main(sys.argv[1])
