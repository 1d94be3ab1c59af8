"""The application beside a sidecar: publisher.py PORT FILE publishes numbered rows with QoS 1, and
on SIGTERM more of them for another second; then it waits until the broker has confirmed all. FILE
holds how many that were."""

import signal
import sys
import time
from pathlib import Path

from paho.mqtt import client as paho

PAUSE_S = 0.002
LAST_S = 1.0


def main():
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(time.monotonic() + LAST_S))
    client = paho.Client("publisher")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = []
    while not stopping or time.monotonic() < stopping[0]:
        row = f'{{"n": {len(sent)}, "time": {time.time():.6f}}}'
        sent.append(client.publish(f"app/{'last' if stopping else 'first'}", row, qos=1))
        if len(sent) == 100:
            path.write_text("0")
        time.sleep(PAUSE_S)
    for message in sent:
        message.wait_for_publish(60)
        assert message.is_published()
    path.write_text(str(len(sent)))
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
