using System.Globalization;
using System.Text.Json;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>A BitTorrent program: how it is started in a host.</summary>
/// <param name="Name">Its program.</param>
/// <param name="Command">Its command line.</param>
internal sealed record TorrentClient(string Name, Func<TorrentPeer, IReadOnlyList<string>> Command)
{
    private const int Port = 6881;

    /// <summary>Peers of the tracker's and of each other's, as in the open network; all else at its default.</summary>
    public static TorrentClient Aria2 { get; } = new("aria2c", peer =>
    [
        "aria2c", "--no-conf", "-q", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=true",
        string.Create(CultureInfo.InvariantCulture, $"--listen-port={Port}"), "--seed-ratio=0.0", "--file-allocation=none",
        "--allow-overwrite=true", $"--bt-seed-unverified={(peer.IsSeeder ? "true" : "false")}",
        $"--on-bt-download-complete={peer.DoneScript}", "-d", peer.Folder, peer.Torrent,
    ]);

    /// <summary>The same of transmission.</summary>
    public static TorrentClient Transmission { get; } = new("transmission-cli", peer =>
    {
        var configuration = Path.Combine(peer.Folder, "configuration");
        Directory.CreateDirectory(configuration);
        var settings = new Dictionary<string, object>
        {
            ["dht-enabled"] = false,
            ["lpd-enabled"] = false,
            ["port-forwarding-enabled"] = false,
            ["bind-address-ipv4"] = peer.Host.Address,
            ["rpc-enabled"] = false,
            ["preallocation"] = 0,
        };
        File.WriteAllText(Path.Combine(configuration, "settings.json"), JsonSerializer.Serialize(settings));
        string[] verify = peer.IsSeeder ? ["-v"] : [];
        return
        [
            "transmission-cli", "-M", "-p", Port.ToString(CultureInfo.InvariantCulture), "-g", configuration, "-w", peer.Folder,
            "-f", peer.DoneScript, .. verify, peer.Torrent,
        ];
    });
}

/// <summary>One peer of a torrent.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Folder">Where its file is to be, or is.</param>
/// <param name="Torrent">The torrent's file.</param>
/// <param name="IsSeeder">Whether it has the file.</param>
internal sealed record TorrentPeer(Host Host, string Folder, string Torrent, bool IsSeeder)
{
    /// <summary>Run by the client once it has everything.</summary>
    public string DoneScript => Path.Combine(Folder, "done.sh");

    /// <summary>There once the client has everything.</summary>
    public string DoneFile => Path.Combine(Folder, "done");

    /// <summary>Makes the folder and the script.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(DoneScript, $"#!/bin/sh\n: > '{DoneFile}'\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(DoneScript, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
