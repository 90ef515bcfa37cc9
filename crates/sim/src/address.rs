//! Where a webhook is, and whether it may be there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::Url;
use tokio::net::{TcpStream, lookup_host};

/// The ports that the hosted server delivers to.
const PORTS_OF_CLOUD: [u16; 4] = [443, 80, 88, 8443];

/// The address of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

impl Address {
    /// Reads an address; without a scheme it is one of https.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        };
        let url = url.ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let has_place = url.host_str().is_some_and(|host| !host.is_empty()) && url.port() != Some(0);
        (is_web && has_place).then_some(Self(url))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The name or number of the host; the brackets around an address of version 6 are no part
    /// of it.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Opens a connection to see whether it can be opened; nothing is sent. The error is the
    /// reason as the bot sees it.
    pub(crate) async fn verify(&self, fixed_ip: &str, is_cloud: bool) -> Result<IpAddr, String> {
        if is_cloud && self.0.scheme() != "https" {
            return Err("An HTTPS URL must be provided for webhook".into());
        }
        if is_cloud && !PORTS_OF_CLOUD.contains(&self.port()) {
            return Err("Webhook can be set up only on ports 80, 88, 443 or 8443".into());
        }
        let ip = if fixed_ip.is_empty() {
            self.resolve().await?
        } else {
            fixed_ip
                .parse()
                .map_err(|_| "Invalid IP address specified".to_owned())?
        };
        if is_cloud {
            check(ip)?;
        }
        let connection = TcpStream::connect(SocketAddr::new(ip, self.port())).await;
        connection.map(|_| ip).map_err(|error| words(&error))
    }

    /// An address of version 4 if there is one.
    async fn resolve(&self) -> Result<IpAddr, String> {
        let failed = |text: String| format!("Failed to resolve host: {text}");
        let found = lookup_host((self.host(), self.port())).await;
        let found: Vec<IpAddr> = found
            .map_err(|error| failed(words(&error)))?
            .map(|address| address.ip())
            .collect();
        let best = found.iter().find(|ip| ip.is_ipv4()).or(found.first());
        best.copied().ok_or_else(|| failed("No address".into()))
    }
}

/// What the hosted server has against an address.
fn check(ip: IpAddr) -> Result<(), String> {
    match ip {
        IpAddr::V6(_) => Err("IPv6-only addresses are not allowed".into()),
        IpAddr::V4(ip) if is_reserved(ip) => Err(format!("IP address {ip} is reserved")),
        IpAddr::V4(_) => Ok(()),
    }
}

/// Whether an address is nobody's on the Internet.
fn is_reserved(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18)
}

/// What the bot reads of trouble with a connection: the system's words without its number.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_leniently() {
        let table = [
            ("http://127.0.0.1:8080/hook?x=1", Some(("127.0.0.1", 8080))),
            ("https://bot.example", Some(("bot.example", 443))),
            ("http://bot.example/", Some(("bot.example", 80))),
            ("bot.example:88/hook", Some(("bot.example", 88))),
            ("https://user:word@bot.example:8443", Some(("bot.example", 8443))),
            ("http://[::1]:8080/", Some(("::1", 8080))),
            ("ftp://bot.example/", None),
            ("https://", None),
            ("https://:443/", None),
            ("https://bot.example:0/", None),
            ("https://bot.example:65536/", None),
            ("https://bot.example:x/", None),
            ("not an address", None),
        ];
        for (text, expected) in table {
            let address = Address::parse(text);
            let read = address.as_ref().map(|address| (address.host(), address.port()));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn the_hosted_server_refuses_addresses_that_are_nobodys() {
        for ip in [
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            let expected = Err(format!("IP address {ip} is reserved"));
            assert_eq!(check(ip.parse().unwrap()), expected);
        }
        for ip in [
            "1.1.1.1",
            "100.128.0.1",
            "149.154.167.220",
            "172.32.0.1",
            "198.20.0.1",
        ] {
            assert_eq!(check(ip.parse().unwrap()), Ok(()), "{ip}");
        }
        let six = check("2001:67c:4e8:f004::9".parse().unwrap());
        assert_eq!(six, Err("IPv6-only addresses are not allowed".to_owned()));
    }
}
