"""The application beside a sidecar: publisher.py PORT FILE publishes numbered rows with QoS 1, and
on SIGTERM more of them for another second; then it waits until the broker has confirmed all. FILE
gets a line for each row, in their order, as soon as the broker has confirmed it."""

import signal
import sys
import time
from collections import deque

from paho.mqtt import client as paho

PAUSE_S = 0.002
LAST_S = 1.0


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(time.monotonic() + LAST_S))
    client = paho.Client("publisher")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent, waiting = 0, deque()
    with open(path, "w", buffering=1) as confirmed:
        while not stopping or time.monotonic() < stopping[0]:
            row = f'{{"n": {sent}, "time": {time.time():.6f}}}'
            kind = "last" if stopping else "first"
            waiting.append((sent, client.publish(f"app/{kind}", row, qos=1)))
            sent += 1
            while waiting and waiting[0][1].is_published():
                confirmed.write(f"{waiting.popleft()[0]}\n")
            time.sleep(PAUSE_S)
        for number, message in waiting:
            message.wait_for_publish(60)
            assert message.is_published()
            confirmed.write(f"{number}\n")
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
