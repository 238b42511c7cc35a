using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>Gateways that fetch the same resource at once; the servers list of each names the seeder and nobody else.</summary>
internal sealed class RainSwarm : IAsyncDisposable
{
    private const ulong Id = 7;
    private const ulong WarmUpId = 8;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;
    private const int StartsAtOnce = 4;

    // Of the link's rate, which counts Ethernet frames; the ceiling counts what is in the datagrams.
    private const double CeilingShare = 0.96;

    // All nodes together use so much of one core when they have nothing to do.
    private const double QuietShare = 0.2;
    private static readonly TimeSpan QuietPeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(250);
    private readonly SwarmLab _swarm;
    private readonly TemporaryFolder _folder = new();
    private readonly GatewayNode?[] _nodes;
    private readonly HttpClient[] _clients;

    private RainSwarm(SwarmLab swarm)
    {
        _swarm = swarm;
        _nodes = new GatewayNode?[swarm.NodeCount + 1];
        _clients = [.. Enumerable.Range(0, swarm.NodeCount + 1).Select(host => HostHttp.Client(swarm.Lab[Math.Max(1, host)]))];
    }

    /// <summary>Bytes of each of the resource's blocks, as the seeder chose.</summary>
    public int BlockSize { get; private set; }

    /// <summary>Processes of all nodes.</summary>
    public IReadOnlyList<ChildProcess> Processes => [.. _nodes.Skip(1).Select(node => node!.Process)];

    /// <summary>Starts all nodes and PUTs the file into the seeder.</summary>
    public static async Task<RainSwarm> StartAsync(SwarmLab swarm, IReadOnlyList<string> settings, CancellationToken cancellation)
    {
        var rain = new RainSwarm(swarm);
        try
        {
            await rain.StartNodesAsync(settings, cancellation);
            await rain._nodes[SwarmLab.Seeder]!.PutAsync(Id, swarm.File, cancellation);
            var resources = await rain._nodes[SwarmLab.Seeder]!.GetJsonAsync("/resources", cancellation);
            rain.BlockSize = resources.GetProperty("items")[0].GetProperty("blockSize").GetInt32();
            return rain;
        }
        catch
        {
            await rain.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has all fetch something else first: sixteen compilers at work on the cores of one machine are no part of a swarm
    /// either.</summary>
    public async Task WarmUpAsync(string file, CancellationToken cancellation)
    {
        await Node(SwarmLab.Seeder).PutAsync(WarmUpId, file, cancellation);
        var clock = Stopwatch.GetTimestamp();
        await Task.WhenAll(_swarm.Receivers.Select(host => PostAsync(host, WarmUpId, clock, cancellation)));
        await Task.WhenAll(_swarm.Receivers.Select(host => EndAsync(host, clock, cancellation)));

        // The compilers work on for a while with what they have seen.
        double used;
        do
        {
            used = Processes.Sum(process => process.CpuSeconds());
            await Task.Delay(QuietPeriod, cancellation);
            used = Processes.Sum(process => process.CpuSeconds()) - used;
        }
        while (used > QuietShare * QuietPeriod.TotalSeconds && Stopwatch.GetElapsedTime(clock) < _swarm.Limit);
    }

    /// <summary>Has all fetch at once, for nobody.</summary>
    /// <param name="counted">Those whose seconds are wanted; the others need not end.</param>
    /// <param name="killed">The host whose gateway is killed at half time, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyList<double>> PrefetchAsync(IReadOnlyList<int> counted, int? killed, CancellationToken cancellation)
    {
        // Connections are there before the clock starts: fifteen of them are no part of a swarm.
        await Task.WhenAll(_swarm.Receivers.Select(host => StateAsync(host, cancellation)));
        var clock = Stopwatch.GetTimestamp();
        var begun = await Task.WhenAll(_swarm.Receivers.Select(host => PostAsync(host, Id, clock, cancellation)));
        if (killed is { } victim)
        {
            await Task.Delay(TimeSpan.FromSeconds(_swarm.UnitSeconds / 2) - Stopwatch.GetElapsedTime(clock), cancellation);
            await _nodes[victim]!.Process.KillAsync();
        }

        return await Task.WhenAll(counted.Select(async host =>
            begun[host - SwarmLab.Seeder - 1] + await EndAsync(host, clock, cancellation)));
    }

    /// <summary>Has curl read at once from all gateways that fetch, in order as clients do.</summary>
    public async Task<IReadOnlyList<double>> ReadAsync(CancellationToken cancellation)
    {
        var reads = await Task.WhenAll(_swarm.Receivers.Select(async host => (Host: host, Answer: await Curl.GetAsync(
            _swarm.Lab[host], Node(host).Resource(Id), _swarm.Limit.TotalSeconds, [], cancellation, ReadFile(host)))));
        foreach (var read in reads.Where(read => read.Answer.ExitCode != 0 || read.Answer.Status != 200))
        {
            await Console.Error.WriteLineAsync($"host {read.Host}: {read.Answer}");
        }

        return [.. reads.Select(read => read.Answer is { ExitCode: 0, Status: 200 } ? read.Answer.Seconds : double.NaN)];
    }

    /// <summary>Fails when curl wrote other bytes than the file has.</summary>
    public async Task CheckReadsAsync(CancellationToken cancellation)
    {
        foreach (var host in _swarm.Receivers)
        {
            await using var file = File.OpenRead(ReadFile(host));
            Check(host, "curl", await SHA256.HashDataAsync(file, cancellation));
        }
    }

    /// <summary>Fails when one of these hosts does not have the file's bytes in its store.</summary>
    public async Task CheckStoresAsync(IEnumerable<int> hosts, CancellationToken cancellation)
    {
        foreach (var host in hosts)
        {
            await Node(host).WaitUntilKeptAsync(Id, cancellation);
            using var request = new HttpRequestMessage(HttpMethod.Get, Node(host).Resource(Id));
            request.Headers.Add("Cache-Control", "only-if-cached");
            using var answer = await _clients[host].SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            Check(host, "the store", await SHA256.HashDataAsync(body, cancellation));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        foreach (var node in _nodes)
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _folder.Dispose();
    }

    private Task StartNodesAsync(IReadOnlyList<string> settings, CancellationToken cancellation)
    {
        var ceiling = (long)(CeilingShare * _swarm.BitsPerSecond / 8);
        string[] all =
        [
            "Cluster:Replicas=1",
            string.Create(CultureInfo.InvariantCulture, $"Rain:MaxRateBytesPerSecond={ceiling}"),
            .. settings,
        ];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellation };
        return Parallel.ForEachAsync(Enumerable.Range(1, _swarm.NodeCount), parallel, async (host, stop) =>
        {
            string[] servers = host == SwarmLab.Seeder ? [] : [$"{_swarm.Lab[SwarmLab.Seeder].Address}:{RainPort}"];
            _nodes[host] = await GatewayNode.StartAsync(
                _swarm.Lab[host], _folder[$"node{host}"], HttpPort, RainPort, servers, all, stop);
        });
    }

    /// <summary>Asks a node to fetch; when its transfer began, in seconds since <paramref name="clock"/>.</summary>
    private async Task<double> PostAsync(int host, ulong id, long clock, CancellationToken cancellation)
    {
        using var answer = await _clients[host].PostAsync($"{Node(host).Resource(id)}/prefetch", null, cancellation);
        return answer.StatusCode == HttpStatusCode.Accepted
            ? Stopwatch.GetElapsedTime(clock).TotalSeconds
            : throw new InvalidOperationException($"host {host} answered a prefetch with {answer.StatusCode}");
    }

    /// <summary>Seconds that the node's transfer took, by its own clock.</summary>
    private async Task<double> EndAsync(int host, long clock, CancellationToken cancellation)
    {
        while (Stopwatch.GetElapsedTime(clock) < _swarm.Limit)
        {
            var (state, seconds) = await StateAsync(host, cancellation);
            if (state is not ("discovering" or "raining"))
            {
                if (state != "completed")
                {
                    await Console.Error.WriteLineAsync($"host {host}: {state}");
                }

                return state == "completed" ? seconds : double.NaN;
            }

            await Task.Delay(PollPeriod, cancellation);
        }

        await Console.Error.WriteLineAsync($"host {host} is given up: {await Node(host).LastTransferAsync(cancellation)}");
        return double.NaN;
    }

    private async Task<(string State, double Seconds)> StateAsync(int host, CancellationToken cancellation)
    {
        await using var body = await _clients[host].GetStreamAsync($"{Node(host).Url}/transfers", cancellation);
        using var transfers = await JsonDocument.ParseAsync(body, default, cancellation);
        var newest = transfers.RootElement.GetProperty("items").EnumerateArray().FirstOrDefault();
        return newest.ValueKind == JsonValueKind.Undefined ? ("none", 0)
            : (newest.GetProperty("state").GetString()!, newest.GetProperty("elapsedMs").GetDouble() / 1000);
    }

    private void Check(int host, string what, byte[] hash)
    {
        if (Convert.ToHexStringLower(hash) != _swarm.Sha256)
        {
            throw new InvalidOperationException($"host {host}: {what} has other bytes");
        }
    }

    private GatewayNode Node(int host) => _nodes[host]!;

    private string ReadFile(int host) => _folder[$"read{host}"];
}
