"""What goes wrong around the agent while it runs: a thread for each store and one for the machine,
each with random numbers of its own, and after each fault a calm."""

import signal
import threading
from random import Random

HOLD_S = (0.1, 2.5)  # how long a fault lasts
CALM_S = (0.2, 2.5)


class Weather:
    """Begins at once; `end` heals everything. `count(kind)` is called for each fault."""

    def __init__(self, world, store_disk, seed, count):
        self.world, self.store_disk, self.count = world, store_disk, count
        self.over = threading.Event()
        self.errors = []
        self.threads = [self.thread(s.name, seed, s.faults()) for s in world.stores if s.faults()]
        self.threads.append(self.thread("machine", seed, self.machine()))

    def thread(self, name, seed, faults):
        random = Random(f"{seed} {name}")
        thread = threading.Thread(target=self.rage, args=(name, random, faults), name=name)
        thread.start()
        return thread

    def rage(self, name, random, faults):
        weights = [weight for weight, _, _ in faults]
        try:
            while not self.over.wait(random.uniform(*CALM_S)):
                _, kind, fault = random.choices(faults, weights)[0]
                hold = random.uniform(*HOLD_S)
                self.count(f"{name}: {kind}")
                fault(random, lambda: self.over.wait(hold))
        except BaseException as error:  # told by `end`, in the thread that waits for this one
            self.errors.append(error)

    def machine(self):
        faults = [(3, "clock stepped", self.step_clock), (2, "agent paused", self.pause_agent)]
        if self.world.disk.mounts:
            faults.append((3, "disk of the buffers full", self.full(self.world.disk)))
            faults.append((2, "disk of files full", self.full(self.store_disk)))
        return faults

    def step_clock(self, random, wait):
        """Stays so: the next step goes from there to somewhere else."""
        step = random.choice([1, 60, 3600, 86400 * 40]) * random.uniform(-1, 1)
        self.world.step_clock(int(step * 1e9))
        wait()

    def pause_agent(self, _, wait):
        agent = self.world.agent  # another life may have begun when this one is resumed
        agent.send(signal.SIGSTOP)
        try:
            wait()
        finally:
            agent.send(signal.SIGCONT)

    @staticmethod
    def full(disk):
        def fill(random, wait):
            disk.fill(random.choice([0, 0, 4096, random.randrange(200_000)]))
            try:
                wait()
            finally:
                disk.free()

        return fill

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(300)
            assert not thread.is_alive(), f"the fault of {thread.name} does not end"
        self.world.step_clock(0)
        if self.errors:
            raise self.errors[0]
