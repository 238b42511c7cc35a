using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>The same file to the same hosts over the same links, as a torrent.</summary>
internal sealed class TorrentSwarm : IAsyncDisposable
{
    private const int TrackerPort = 6969;

    // As many pieces as the rain has blocks: 2^16 bytes each.
    private const int PieceBytesLog2 = 16;
    private static readonly TimeSpan SeedLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(50);
    private readonly TemporaryFolder _folder = new();
    private readonly ProcessList _ending = new();
    private readonly List<ChildProcess> _processes = [];
    private readonly SwarmLab _swarm;
    private readonly TorrentClient _client;
    private readonly TorrentPeer[] _peers;

    private TorrentSwarm(SwarmLab swarm, TorrentClient client)
    {
        _swarm = swarm;
        _client = client;
        _peers = [.. Enumerable.Range(1, swarm.NodeCount).Select(host =>
            new TorrentPeer(swarm.Lab[host], _folder[$"peer{host}"], _folder["torrent"], host == SwarmLab.Seeder))];
    }

    /// <summary>Seeds and fetches once.</summary>
    public static async Task<SwarmOutcome> PlayAsync(SwarmLab swarm, TorrentClient client, CancellationToken cancellation)
    {
        await using var torrent = new TorrentSwarm(swarm, client);
        await torrent.SeedAsync(cancellation);
        return await torrent.FetchAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.DisposeAsync();
        _folder.Dispose();
    }

    private async Task SeedAsync(CancellationToken cancellation)
    {
        var seeder = _peers[0];
        var address = $"{seeder.Host.Address}:{TrackerPort.ToString(CultureInfo.InvariantCulture)}";
        var tracker = _ending.Add(ChildProcess.Start(seeder.Host.Command(Environment.ProcessPath!, "tracker", address)));
        await WaitForAsync(tracker, "ready", cancellation);
        foreach (var peer in _peers)
        {
            peer.Prepare();
        }

        File.Copy(_swarm.File, FileOf(seeder));
        await ChildProcess.RunAsync(
            ["mktorrent", "-a", $"http://{address}/announce", "-l", PieceBytesLog2.ToString(CultureInfo.InvariantCulture),
                "-o", seeder.Torrent, FileOf(seeder)],
            cancellation);
        Start(seeder);
        await WaitForAsync(tracker, " left=0 ", cancellation);
    }

    private async Task<SwarmOutcome> FetchAsync(CancellationToken cancellation)
    {
        var receivers = _peers[1..];
        var outcome = await SwarmOutcome.MeasureAsync(
            _swarm,
            _processes,
            async () =>
            {
                var clock = Stopwatch.GetTimestamp();
                var seconds = receivers.ToDictionary(peer => peer, _ => double.NaN);
                foreach (var peer in receivers)
                {
                    Start(peer);
                }

                while (seconds.Values.Any(double.IsNaN) && Stopwatch.GetElapsedTime(clock) < _swarm.Limit)
                {
                    await Task.Delay(PollPeriod, cancellation);
                    foreach (var peer in receivers.Where(peer => double.IsNaN(seconds[peer]) && File.Exists(peer.DoneFile)))
                    {
                        seconds[peer] = Stopwatch.GetElapsedTime(clock).TotalSeconds;
                    }
                }

                return [.. seconds.Values];
            },
            cancellation);
        foreach (var peer in receivers.Where(peer => File.Exists(peer.DoneFile)))
        {
            await using var file = File.OpenRead(FileOf(peer));
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation)) != _swarm.Sha256)
            {
                throw new InvalidOperationException($"{peer.Host.Address}: {_client.Name} has other bytes");
            }
        }

        return outcome;
    }

    private void Start(TorrentPeer peer) =>
        _processes.Add(_ending.Add(ChildProcess.Start(peer.Host.Command(_client.Command(peer)), peer.Folder)));

    private string FileOf(TorrentPeer peer) => Path.Combine(peer.Folder, Path.GetFileName(_swarm.File));

    private async Task WaitForAsync(ChildProcess tracker, string word, CancellationToken cancellation)
    {
        var clock = Stopwatch.GetTimestamp();
        while (!tracker.Text.Contains(word, StringComparison.Ordinal))
        {
            if (Stopwatch.GetElapsedTime(clock) > SeedLimit || tracker.HasExited)
            {
                throw new InvalidOperationException(
                    $"{_client.Name} does not seed: {tracker.Text}{tracker.Errors}{string.Concat(_processes.Select(one => one.Errors))}");
            }

            await Task.Delay(PollPeriod, cancellation);
        }
    }
}
