"""What training does to images at random: to each on the host (`host`), to batches on the device (`batches`)."""
