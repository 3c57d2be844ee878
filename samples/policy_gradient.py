"""Learning by trial: balance a stick on a cart that is pushed left or right, in TensorFlow 1's names.

Nobody says which push is right. Pushes that were followed by long balancing become likelier (REINFORCE: Williams,
1992). The simulator is the cart and pole of Barto, Sutton and Anderson (1983), 20 ms a step, in a few lines of NumPy.
"""

import numpy as np

import graphc.compat.tf1 as tf

LONGEST = 200


def simulate(state: np.ndarray, push: int) -> tuple[np.ndarray, bool]:
    """The state 20 ms later (place, speed, angle, turning speed), and whether the stick has fallen or the cart left."""
    _place, speed, angle, turning = state
    force = 10.0 if push else -10.0
    sine, cosine = np.sin(angle), np.cos(angle)
    pull = (force + 0.05 * turning**2 * sine) / 1.1
    turned = (9.8 * sine - cosine * pull) / (0.5 * (4.0 / 3.0 - 0.1 * cosine**2 / 1.1))
    pushed = pull - 0.05 * turned * cosine / 1.1
    after = state + 0.02 * np.array([speed, pushed, turning, turned])
    return after, bool(abs(after[0]) > 2.4 or abs(after[2]) > 0.21)


def main(rounds: int = 60, episodes: int = 10) -> float:
    """Learn for some rounds of episodes, and return the mean number of steps balanced in the last ten rounds."""
    random = np.random.RandomState(0)
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        states = tf.placeholder(tf.float32, [None, 4], name="states")
        pushes = tf.placeholder(tf.int32, [None], name="pushes")
        advantages = tf.placeholder(tf.float32, [None], name="advantages")
        hidden = tf.layers.dense(states, 16, tf.nn.tanh)
        logits = tf.layers.dense(hidden, 2)
        chances = tf.nn.softmax(logits)
        unlikely = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=pushes, logits=logits)
        train = tf.train.AdamOptimizer(0.02).minimize(tf.reduce_mean(unlikely * advantages))

        lengths = []
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            choose = sess.make_callable(chances, [states])
            for number in range(rounds):
                seen, done, gains, balanced = [], [], [], []
                for _ in range(episodes):
                    state, steps, fallen = random.uniform(-0.05, 0.05, 4), 0, False
                    while not fallen and steps < LONGEST:
                        push = int(random.rand() < choose(state[None].astype(np.float32))[0, 1])
                        seen.append(state)
                        done.append(push)
                        state, fallen = simulate(state, push)
                        steps += 1
                    # What a push was worth: the steps that followed, near ones counting more.
                    gains += [(1 - 0.98**left) / 0.02 for left in range(steps, 0, -1)]
                    balanced.append(steps)
                worth = (np.array(gains) - np.mean(gains)) / (np.std(gains) + 1e-6)
                sess.run(train, {states: np.array(seen), pushes: done, advantages: worth})
                lengths.append(np.mean(balanced))
                if number % 10 == 0:
                    print(f"round {number:2d}  balanced for {lengths[-1]:.1f} steps")
    print(f"the last ten rounds: {np.mean(lengths[-10:]):.1f} steps of at most {LONGEST}")
    return float(np.mean(lengths[-10:]))


if __name__ == "__main__":
    main()
