//! A process as the kernel accounts for it.

use std::fmt;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// A process by its id.
pub(crate) struct Process(pub(crate) u32);

/// An amount of memory in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory(pub(crate) f64);

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.1} MB", self.0 / 1e6))
    }
}

impl Process {
    /// What it has in memory now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        self.status("VmRSS")
    }

    /// The most that it ever had in memory.
    pub(crate) fn peak_memory(&self) -> Result<Memory> {
        self.status("VmHWM")
    }

    /// A line of `/proc/PID/status` that counts kibibytes.
    fn status(&self, name: &str) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .context("no such line")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(Memory(kib * 1024.0))
    }

    /// Processor time so far, in user mode and in the kernel's.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        // The kernel's unit here is always a hundredth of a second (proc_pid_stat(5), USER_HZ).
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name, in parentheses, may hold anything; what follows does not.
        let fields = stat.rsplit_once(')').context("no name")?.1;
        let ticks = |index: usize| -> Result<u32> {
            Ok(fields
                .split_whitespace()
                .nth(index)
                .context("no such field")?
                .parse()?)
        };
        Ok(TICK * (ticks(11)? + ticks(12)?))
    }
}
