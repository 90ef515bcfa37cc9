//! The worker's host is cut off: its packets are dropped while its process lives.
//!
//! The worker runs in a network namespace of its own, and the link to it is cut. That needs root, and
//! a PostgreSQL server that listens on the link; where either is missing the test says so and is
//! skipped.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sim::Fault;
use store::{DatabaseUrl, Store, StoreOptions, house, inbox};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use crate::lucien::{Running, folder, free_port, telegram};

const HERE: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 2);

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &str) -> Result<Output> {
    let output = Command::new(&program)
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "{} {arguments}: {}",
        program.as_ref().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

/// A network namespace, and the link to it.
struct Island {
    name: String,
    link: String,
}

impl Island {
    fn new() -> Result<Self> {
        let id = std::process::id();
        let island = Self {
            name: format!("lucien-{id}"),
            link: format!("luc{id}"),
        };
        let Self { name, link } = &island;
        run("ip", &format!("netns add {name}"))?;
        run(
            "ip",
            &format!("link add {link} type veth peer name shore netns {name}"),
        )?;
        run("ip", &format!("addr add {HERE}/24 dev {link}"))?;
        run("ip", &format!("link set {link} up"))?;
        run("ip", &format!("-n {name} addr add {THERE}/24 dev shore"))?;
        run("ip", &format!("-n {name} link set shore up"))?;
        run("ip", &format!("-n {name} link set lo up"))?;
        Ok(island)
    }

    /// From now on nothing arrives on either side, and nobody is told.
    fn cut(&self) -> Result<()> {
        run("ip", &format!("link set {} down", self.link)).map(drop)
    }

    fn mend(&self) -> Result<()> {
        run("ip", &format!("link set {} up", self.link)).map(drop)
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        let _ = run("ip", &format!("link del {}", self.link));
        let _ = run("ip", &format!("netns del {}", self.name));
    }
}

/// A PostgreSQL server of its own, since others listen on loopback only.
struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    /// None where PostgreSQL is not installed.
    fn start() -> Result<Option<Self>> {
        let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else {
            return Ok(None);
        };
        let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
        let Some(programs) = programs.filter(|path| path.join("initdb").exists()).max() else {
            return Ok(None);
        };
        let server = Self {
            folder: folder()?,
            programs,
            port: free_port()?,
        };
        // PostgreSQL does not run as root.
        let place = server.folder.path().display();
        run("chown", &format!("nobody {place}"))?;
        server.run(
            "initdb",
            &format!("-D {place}/data -U postgres -A trust -E UTF8 --no-sync"),
        )?;
        let mut rules = fs::read_to_string(server.folder.path().join("data/pg_hba.conf"))?;
        rules.push_str(&format!("host all all {HERE}/24 trust\n"));
        fs::write(server.folder.path().join("data/pg_hba.conf"), rules)?;
        let port = server.port;
        let options = format!("-h 127.0.0.1,{HERE} -p {port} -k {place} -c fsync=off");
        let mut command = server.command("pg_ctl");
        command.args([
            "start",
            "-s",
            "-w",
            "-D",
            &format!("{place}/data"),
            "-l",
            &format!("{place}/log"),
        ]);
        // Whoever inherits a pipe keeps it open.
        let started = command
            .args(["-o", &options])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        ensure!(started.success(), "the server does not start");
        Ok(Some(server))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "nobody", "--"])
            .arg(self.programs.join(program))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &str) -> Result<()> {
        let output = self
            .command(program)
            .args(arguments.split_whitespace())
            .output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {arguments}: {complaint}");
        Ok(())
    }

    fn url(&self, host: Ipv4Addr) -> String {
        format!("postgres://postgres@{host}:{}/postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let place = self.folder.path().display();
        let _ = self.run("pg_ctl", &format!("stop -s -m immediate -D {place}/data"));
    }
}

/// Lets those on the link reach a port of loopback. Returns the port on the link.
async fn relay(to: SocketAddr) -> Result<u16> {
    let listener = TcpListener::bind((HERE, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut to) = TcpStream::connect(to).await {
                    // Either end may be gone at any time.
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    });
    Ok(port)
}

#[expect(clippy::print_stderr, reason = "a skipped test has to be seen")]
fn is_skipped(why: &str) -> Result<()> {
    eprintln!("skipped: {why}");
    Ok(())
}

fn is_root() -> bool {
    let uid = Command::new("id").arg("-u").output();
    uid.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_is_replaced_and_changes_nothing() -> Result<()> {
    if !is_root() {
        return is_skipped("only root can cut a host off");
    }
    let Ok(island) = Island::new() else {
        return is_skipped("no network namespace can be made here");
    };
    let Some(server) = Server::start()? else {
        return is_skipped("PostgreSQL is not installed here");
    };
    let (folder, telegram) = (folder()?, telegram().await?);
    let api: SocketAddr = telegram.url().trim_start_matches("http://").parse()?;
    let api = format!("http://{HERE}:{}", relay(api).await?);

    let database = server.url(HERE);
    let far = Running::start_on(
        &island.name,
        THERE,
        folder.path(),
        &api,
        &telegram.bot().token,
        &database,
    )?;
    far.until_role("worker").await?;
    let near = Running::start(folder.path(), &telegram, &server.url(Ipv4Addr::LOCALHOST))?;
    near.until_role("standby").await?;
    let (ines, beatriz) = (telegram.person("Inés"), telegram.person("Beatriz"));
    ines.sends("/start")?;
    ines.next_answer().await?;

    // The worker has one row in hand when it is cut off; another update comes afterwards.
    let hanging = telegram.inject(Fault::slow(3_600).on("sendMessage").in_chat(beatriz.id()));
    beatriz.sends("/start")?;
    hanging.strikes(1).await?;
    island.cut()?;
    let cut = Instant::now();
    hanging.remove();
    ines.sends("/id")?;
    near.until_role("worker").await?;
    let took = cut.elapsed();
    ensure!(took < Duration::from_secs(30), "replaced after {took:?}");
    ines.next_answer().await?;
    beatriz.next_answer().await?;

    island.mend()?;
    far.until_role("standby").await?;
    ensure!(near.asked("/health").await?.1["role"] == "worker");
    let url: DatabaseUrl = server.url(Ipv4Addr::LOCALHOST).parse()?;
    let store = Store::open(&url, &StoreOptions::default()).await?;
    ensure!(house::epoch(&store.read()).await? == 2);
    let backlog = inbox::backlog(&store.read()).await?;
    ensure!((backlog.pending, backlog.dead) == (0, 0), "{backlog:?}");
    store.close().await;
    for house in [far, near] {
        let (status, log) = house.stop().await?;
        ensure!(status.code() == Some(0), "{status}\n{log}");
    }
    ensure!(ines.chat().len() == 4, "{}", ines.transcript());
    Ok(())
}

impl Running {
    /// Starts a house in a network namespace, where it is reached at an address.
    fn start_on(
        namespace: &str,
        address: Ipv4Addr,
        folder: &Path,
        api_url: &str,
        token: &str,
        database: &str,
    ) -> Result<Self> {
        let binary = env!("CARGO_BIN_EXE_lucien");
        let mut command = tokio::process::Command::new("ip");
        command.args(["netns", "exec", namespace, binary, "run"]);
        // Where `ip` is found.
        let path = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")];
        Self::spawn_as(command, address, folder, api_url, token, database, &path).context("ip netns exec")
    }
}
