"""What a run keeps on the disk, so that a kill at any moment leaves the whole old thing or the whole new one."""
