"""Two networks against each other: one forges numbers, the other tells forgeries from real ones.

The real numbers follow a normal law of mean 4 and standard deviation 0.5. The generator never sees them: all it
learns comes through the gradient of the discriminator. Each optimizer gets the variables of its own network.
"""

import numpy as np

import graphc.compat.tf1 as tf

MEAN, SPREAD = 4.0, 0.5


def generator(noise: tf.Tensor) -> tf.Tensor:
    """Numbers from noise."""
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(noise, 32, tf.nn.tanh)
        return tf.layers.dense(hidden, 1)


def discriminator(numbers: tf.Tensor, reuse: bool) -> tf.Tensor:
    """Logit of being real; the same weights judge real and forged numbers."""
    with tf.variable_scope("discriminator", reuse=reuse):
        centred = tf.concat([numbers - MEAN, tf.square(numbers - MEAN)], axis=1)  # two features make spread visible
        hidden = tf.layers.dense(centred, 32, tf.nn.relu)
        return tf.layers.dense(hidden, 1)


def main(steps: int = 3000) -> tuple[float, float]:
    """Train, and return mean and standard deviation of 5,000 forged numbers."""
    random = np.random.RandomState(0)
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        real = tf.placeholder(tf.float32, [None, 1], name="real")
        noise = tf.placeholder(tf.float32, [None, 1], name="noise")
        forged = generator(noise)
        on_real, on_forged = discriminator(real, reuse=False), discriminator(forged, reuse=True)

        def cross_entropy(logits: tf.Tensor, truth: float) -> tf.Tensor:
            labels = truth * tf.ones_like(logits)
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

        d_loss = cross_entropy(on_real, 1.0) + cross_entropy(on_forged, 0.0)
        g_loss = cross_entropy(on_forged, 1.0)
        variables = {
            part: tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope=part)
            for part in ("generator", "discriminator")
        }
        d_train = tf.train.AdamOptimizer(0.005, beta1=0.5).minimize(d_loss, var_list=variables["discriminator"])
        g_train = tf.train.AdamOptimizer(0.0005, beta1=0.5).minimize(g_loss, var_list=variables["generator"])

        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for step in range(steps):
                numbers = MEAN + SPREAD * random.randn(128, 1)
                _, d_value = sess.run([d_train, d_loss], {real: numbers, noise: random.randn(128, 1)})
                _, g_value = sess.run([g_train, g_loss], {noise: random.randn(128, 1)})
                if step % 500 == 0:
                    print(f"step {step:4d}  discriminator {d_value:.3f}  generator {g_value:.3f}")
            found = sess.run(forged, {noise: random.randn(5000, 1)})
    print(f"forged: mean {found.mean():.2f}, spread {found.std():.2f}; real: {MEAN}, {SPREAD}")
    return float(found.mean()), float(found.std())


if __name__ == "__main__":
    main()
