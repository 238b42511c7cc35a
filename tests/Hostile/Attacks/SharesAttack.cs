using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;

namespace Hostile.Attacks;

/// <summary>One address takes all there is of something that has a limit: uploads, room, fetches, subscribers.</summary>
internal static class SharesAttack
{
    private const string Attacker = "127.0.0.2";
    private const int CreationCount = 1000;
    private const int MissesPerSecond = 25;
    private const int SubscriptionCount = 10_000;
    private const long DiskBytes = 512 << 20;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1.5);

    public static Attack Attack { get; } = new(
        "shares",
        "from one address: 1,000 empty uploads, all room by Content-Length at 300 B/s, 25 misses a second, 10,000 subscriptions",
        IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        await UploadsAsync(stage);
        await RoomAsync(stage);
        await MissesAsync(stage);
        await SubscribersAsync(stage);
    }

    private static async Task UploadsAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = "uploads" });
        using var attacker = new User(victim, Attacker);
        using var user = new User(victim);
        var begun = 0;
        await Parallel.ForAsync(
            0, CreationCount, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stage.Cancellation },
            async (i, cancellation) =>
            {
                var (status, _) = await Uploads.TryBeginAsync(attacker, 1000 + (ulong)i, 1 << 20, cancellation);
                Interlocked.Add(ref begun, status == 201 ? 1 : 0);
            });
        var (honest, _) = await Uploads.TryBeginAsync(user, 1, 1 << 20, stage.Cancellation);
        stage.Row("1,000 empty resumable creations", $"{begun} begun, an honest one {honest}", "the honest one 201", honest == 201);
        await victim.StopAsync();
    }

    private static async Task RoomAsync(Stage stage)
    {
        var disk = await stage.MountAsync("disk", DiskBytes);
        var victim = await stage.StartAsync(new VictimSetup { Name = "room", StorePath = Path.Combine(disk.Path, "data") });
        using var user = new User(victim, limitSeconds: 30);
        var free = new DriveInfo(disk.Path).AvailableFreeSpace;
        List<RawConnection> connections = [];
        foreach (var share in (double[])[0.6, 0.2, 0.1, 0.05])
        {
            var connection = await RawConnection.OpenAsync(victim, Attacker, stage.Cancellation);
            connections.Add(connection);
            var length = ((long)(free * share)).ToString(CultureInfo.InvariantCulture);
            await connection.TrySendAsync(
                $"PUT /resources/{100 + connections.Count} HTTP/1.1\r\nHost: {victim.Http}\r\nContent-Length: {length}\r\n\r\n",
                stage.Cancellation);
        }

        var part = new byte[30];
        for (var i = 0; i < 30; i++)
        {
            foreach (var connection in connections)
            {
                await connection.TrySendAsync(part, stage.Cancellation);
            }

            await Task.Delay(100, stage.Cancellation);
        }

        var put = await user.PutAsync(User.Resource(1), new byte[60 << 20], stage.Cancellation);
        stage.Row(
            "four uploads of 95 % of the room at 300 B/s", $"an honest PUT of 60 MiB {put.Status}", "201", put.Status == 201);
        connections.ForEach(connection => connection.Dispose());
        await victim.StopAsync();
    }

    private static async Task MissesAsync(Stage stage)
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0));
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest" });
        var victim = await stage.StartAsync(new VictimSetup { Name = "misses", Servers = [$"{honest.Rain}", $"{silent.LocalEndPoint}"] });
        using var writer = new User(honest);
        using var user = new User(victim, limitSeconds: 20);
        using var attacker = new User(victim, Attacker, limitSeconds: 20);
        var body = RandomNumberGenerator.GetBytes(100_000);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        var attack = MissAsync(attacker, stop.Token);
        var clock = Stopwatch.StartNew();
        List<int> hits = [], unknown = [];
        for (var id = 1ul; clock.Elapsed < Length; id++)
        {
            await writer.PutAsync(User.Resource(id), body, stage.Cancellation);
            hits.Add((await user.GetAsync(User.Resource(id), stage.Cancellation)).Status);
            unknown.Add((await user.GetAsync(User.Resource(2_000_000 + id), stage.Cancellation)).Status);
        }

        await stop.CancelAsync();
        var misses = await attack;
        stage.Row(
            $"{misses / clock.Elapsed.TotalSeconds:F0} unknown ids a second, a server silent: honest GETs",
            $"{hits.Count(status => status == 200)} of {hits.Count} 200", "all 200",
            hits.Count > 0 && hits.TrueForAll(status => status == 200));
        stage.Row(
            "the same: honest GETs of what nobody has", string.Join(' ', unknown.Distinct()), "404 or 504",
            unknown.TrueForAll(status => status is 404 or 504));
        await victim.StopAsync();
        await honest.StopAsync();
    }

    /// <returns>How many were asked for.</returns>
    private static async Task<int> MissAsync(User attacker, CancellationToken cancellation)
    {
        var misses = new List<Task>();
        try
        {
            for (var id = 1_000_000ul; true; id++)
            {
                misses.Add(attacker.GetAsync(User.Resource(id), cancellation));
                await Task.Delay(1000 / MissesPerSecond, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // Those under way are broken off with it.
        }

        await Task.WhenAll(misses).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return misses.Count;
    }

    private static async Task SubscribersAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = "rain" });
        var honest = await stage.StartAsync(new VictimSetup { Name = "reader", Servers = [$"{victim.Rain}"] });
        using var writer = new User(victim);
        using var user = new User(honest, limitSeconds: 20);
        var body = RandomNumberGenerator.GetBytes(1 << 20);
        await writer.PutAsync(User.Resource(1), body, stage.Cancellation);
        using var peer = new RainPeer(victim, Attacker);
        var token = peer.AskForToken(1);
        List<Answer> answers = [];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        var attack = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    // Each is renewed before it expires, which is all that it takes to keep a row: this is no flood.
                    var round = Stopwatch.StartNew();
                    for (var i = 0u; i < SubscriptionCount; i++)
                    {
                        peer.Subscribe(1, i, token);
                        while (round.Elapsed < i * (Renewal / SubscriptionCount))
                        {
                            peer.TryReceive(TimeSpan.FromMilliseconds(1), out _);
                        }
                    }
                }
            },
            stop.Token);
        await Task.Delay(2000, stage.Cancellation);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Length)
        {
            answers.Add(await user.RainAsync(User.Resource(1), stage.Cancellation));
        }

        var table = Encoding.UTF8.GetString((await writer.GetAsync("/subscribers", stage.Cancellation)).Body);
        await stop.CancelAsync();
        await attack;
        var rows = table.Split($"\"{Attacker}:").Length - 1;
        stage.Row(
            "10,000 subscriptions: honest GETs through the rain",
            $"{answers.Count(answer => answer.Is(body))} of {answers.Count} whole, {rows} rows taken", "all whole",
            answers.Count > 0 && answers.TrueForAll(answer => answer.Is(body)));
    }
}
