using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network.Tests;

public class SealedRainTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly ResourceId Id = new(1);
    private static readonly ReadOnlyMemory<byte> Old = "the secret of last year"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> New = "the secret of this year"u8.ToArray();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(10_000_000)]
    public async Task A_sealed_resource_comes_as_it_is(int length)
    {
        var bytes = Bytes(length);
        var warnings = new Warnings();
        await using var cloud = new Cloud(3, Id, bytes, seal: new SealSettings(New), logger: warnings);
        await using var client = new RainClient(new RainClientOptions { Seal = new SealSettings(New), Logger = warnings });
        var (reason, sink) = await FetchAsync(client, cloud, Soon);
        Assert.Equal(FetchEndReason.Completed, reason);
        Assert.Equal(bytes, sink.Bytes);
        Assert.Empty(warnings.Lines);
    }

    [Fact]
    public async Task Losses_duplicates_and_disorder_change_no_byte_of_sealed_rain()
    {
        var bytes = Bytes(2_000_000);
        var faults = new DatagramFaults(0.1, 0.1, 0.1, 30);
        var warnings = new Warnings();
        await using var cloud = new Cloud(3, Id, bytes, faults, seal: new SealSettings(New), logger: warnings);
        await using var client = new RainClient(new RainClientOptions
        {
            Faults = faults with { Seed = 31 },
            Seal = new SealSettings(New),
            Logger = warnings,
        });
        var (reason, sink) = await FetchAsync(client, cloud, Soon);
        Assert.Equal(FetchEndReason.Completed, reason);
        Assert.Equal(bytes, sink.Bytes);
        Assert.Empty(warnings.Lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_secret_or_none_is_not_answered_and_told_once(bool isSealed)
    {
        var warnings = new Warnings();
        var settings = new SealSettings(New);
        await using var cloud = new Cloud(3, Id, Bytes(1000), seal: settings, logger: warnings);
        await using var client = new RainClient(new RainClientOptions { Seal = isSealed ? new SealSettings(Old) : null });
        for (var i = 0; i < 3; i++)
        {
            var (reason, _) = await FetchAsync(client, cloud, TimeSpan.FromMilliseconds(300));
            Assert.Equal(FetchEndReason.Unanswered, reason);
        }

        var line = Assert.Single(warnings.Lines);
        Assert.Contains("127.0.0.1:", line, StringComparison.Ordinal);
        Assert.Contains(isSealed ? "under another secret" : "without a seal", line, StringComparison.Ordinal);
        Assert.Contains("Rain:Secret", line, StringComparison.Ordinal);
        Assert.InRange(settings.Account.Dropped[isSealed ? "refused" : "not-sealed"], 9, 1000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_secret_is_changed_on_one_side_first(bool listenerFirst)
    {
        var bytes = Bytes(300_000);
        var changed = new SealSettings(New, Old);
        var unchanged = new SealSettings(Old, New);
        await using var cloud = new Cloud(1, Id, bytes, seal: listenerFirst ? changed : unchanged);
        await using var client = new RainClient(new RainClientOptions { Seal = listenerFirst ? unchanged : changed });
        var (reason, sink) = await FetchAsync(client, cloud, Soon);
        Assert.Equal(FetchEndReason.Completed, reason);
        Assert.Equal(bytes, sink.Bytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_not_sealed_draws_no_answer_from_a_sealed_listener(bool isSealed)
    {
        var seal = isSealed ? new SealSettings(New) : null;
        var catalog = new MemoryCatalog();
        catalog.Add(Id, Bytes(1000));
        await using var listener = new RainListener(
            new IPEndPoint(IPAddress.Loopback, 0), new RainServerOptions { TokenKey = RandomNumberGenerator.GetBytes(32) }, catalog,
            _ => { },
            classic: new ClassicRain(new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")] }, catalog, _ => { }),
            seal: seal);
        var peer = PeerAddress.From(listener.LocalEndPoint);
        var buffer = new byte[DatagramSocket.BufferBytes];
        using var fetch = new Fetch(
            new FetchOptions(), new FetchRequest { Resource = Id, Servers = [peer] }, new TokenCache(), 5, MonotonicClock.Now);
        Assert.True(fetch.TryPollTransmit(MonotonicClock.Now, buffer, out var subscribe));
        using var modern = Ask(listener, buffer.AsSpan(0, subscribe.Length));
        var classicFetch = new ClassicFetch(Id, peer, ClassicFetch.DefaultSilence, MonotonicClock.Now);
        Assert.True(classicFetch.TryPollTransmit(MonotonicClock.Now, buffer, out var classicSubscribe));
        using var classic = Ask(listener, buffer.AsSpan(0, classicSubscribe.Length));
        if (!isSealed)
        {
            // So would both have been answered.
            Assert.True(modern.Poll(Soon, SelectMode.SelectRead));
            Assert.True(classic.Poll(Soon, SelectMode.SelectRead));
            return;
        }

        // What came before a whole fetch has been looked at when that ends.
        await using var client = new RainClient(new RainClientOptions { Seal = seal });
        var handle = client.StartFetch(new FetchRequest { Resource = Id, Servers = [peer] }, new FetchOptions(), new MemorySink());
        Assert.Equal(FetchEndReason.Completed, await handle.Completion.WaitAsync(Soon, Token));
        Assert.Equal(0, modern.Available);
        Assert.Equal(0, classic.Available);
    }

    [Fact]
    public void A_wrong_secret_is_told_once_a_minute()
    {
        var account = new SealSettings(New).Account;
        var now = default(Instant);
        var lines = 0;
        for (var i = 0; i < 180; i++, now += TimeSpan.FromSeconds(1))
        {
            lines += account.TryWarn(now) ? 1 : 0;
        }

        Assert.Equal(3, lines);
    }

    [Fact]
    public async Task A_sealed_client_does_not_speak_the_old_format()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var client = new RainClient(new RainClientOptions { Seal = new SealSettings(New) });
        var fetched = client.FetchClassicAsync(Id, PeerAddress.From((IPEndPoint)server.LocalEndPoint!), TimeSpan.FromMinutes(5), Token);
        Assert.Null(await fetched.WaitAsync(Soon, Token));
        Assert.Equal(0, server.Available);
    }

    // 63 droplets of 1026 bytes fit one call and 63 of 1044 do not; a shorter one, or one that is sealed otherwise, ends a burst.
    [Theory]
    [InlineData(1000, 63, 1000)]
    [InlineData(1000, 63, 7)]
    [InlineData(1408, 45, 1408)]
    [InlineData(16, 64, 16)]
    [InlineData(60_000, 1, 60_000)]
    public void A_burst_is_sealed_into_bursts_that_the_socket_can_send(int symbolSize, int count, int lastSymbolSize)
    {
        using var sender = new SocketSeal(new SealSettings(New), new IPEndPoint(IPAddress.Loopback, 1), NullLogger.Instance);
        var settings = new SealSettings(New);
        using var receiver = new SocketSeal(settings, new IPEndPoint(IPAddress.Loopback, 2), NullLogger.Instance);
        var from = PeerAddress.FromIPv4(0x7F00_0001, 1);
        var segmentSize = WireFormat.DropletHeaderBytes + symbolSize;
        var datagrams = Enumerable.Range(0, count).Select(i => Droplet(i, i == count - 1 ? lastSymbolSize : symbolSize)).ToList();
        var plain = datagrams.SelectMany(datagram => datagram).ToArray();

        // A full one, of the droplets' length, comes first: it is another length when sealed.
        byte[] full = [.. "R!"u8, .. new byte[segmentSize - 2]];
        datagrams.Insert(0, full);
        var rest = full.Concat(plain).ToArray().AsSpan();
        var opened = new List<byte[]>();
        while (!rest.IsEmpty)
        {
            var taken = sender.Seal(rest, segmentSize, out var burst, out var sealedSegmentSize);
            Assert.InRange(burst.Length, 1, DatagramSocket.PayloadBytesMax);
            rest = rest[taken..];
            for (; !burst.IsEmpty; burst = burst[Math.Min(sealedSegmentSize, burst.Length)..])
            {
                Assert.True(receiver.TryOpen(default, from, burst[..Math.Min(sealedSegmentSize, burst.Length)], out var datagram));
                opened.Add(datagram.ToArray());
            }
        }

        Assert.Equal(datagrams, opened);
        Assert.All(settings.Account.Dropped, reason => Assert.Equal(0, reason.Value));
    }

    [Theory]
    [InlineData(1408, 45, 1408)]
    [InlineData(1408, 45, 7)]
    [InlineData(16, 64, 16)]
    [InlineData(30_000, 2, 30_000)]
    [InlineData(30_000, 3, 30_000)]
    public void Droplets_are_sealed_into_datagrams_that_a_loopback_takes(int symbolSize, int count, int lastSymbolSize)
    {
        var settings = new SealSettings(New);
        using var sender = new SocketSeal(settings, new IPEndPoint(IPAddress.Loopback, 1), NullLogger.Instance);
        using var receiver = new SocketSeal(settings, new IPEndPoint(IPAddress.Loopback, 2), NullLogger.Instance);
        var from = PeerAddress.FromIPv4(0x7F00_0001, 1);
        var segmentSize = WireFormat.DropletHeaderBytes + symbolSize;
        var plain = Enumerable.Range(0, count).SelectMany(i => Droplet(i, i == count - 1 ? lastSymbolSize : symbolSize)).ToArray();
        byte[] full = [.. "R!"u8, .. new byte[segmentSize - 2]];
        Assert.False(sender.TrySealTogether(plain.AsSpan(0, segmentSize), segmentSize, out _, out _));
        Assert.False(sender.TrySealTogether([.. full, .. full], segmentSize, out _, out _));
        sender.Seal(full, segmentSize, out var shown, out _);
        Assert.True(receiver.TryOpen(default, from, shown, out _));

        Assert.True(sender.TrySealTogether(plain, segmentSize, out var taken, out var datagram));
        Assert.InRange(taken, 2 * segmentSize, plain.Length);
        Assert.Equal(taken == plain.Length ? 0 : segmentSize, plain.Length - taken);
        Assert.InRange(datagram.Length + 48, taken, 65_536);
        Assert.True(receiver.TryOpen(default, from, datagram, out var opened));
        Assert.Equal(plain[..taken], opened.ToArray());
    }

    [Fact]
    public void What_is_too_long_for_the_way_is_told_at_once()
    {
        using var socket = DatagramSocket.Open(
            new IPEndPoint(IPAddress.Loopback, 0), 1 << 20, segment: true, coalesce: false, NullLogger.Instance);
        var self = PeerAddress.From(socket.LocalEndPoint);
        Assert.True(socket.TrySendLong(self, new byte[60_000]));
        Assert.False(socket.TrySendLong(self, new byte[65_508]));
    }

    private static byte[] Droplet(int number, int symbolSize)
    {
        var droplet = new byte[WireFormat.DropletHeaderBytes + symbolSize];
        new Random(number).NextBytes(droplet);
        "R*"u8.CopyTo(droplet);
        BinaryPrimitives.WriteUInt16BigEndian(droplet.AsSpan(WireFormat.DropletHeaderBytes - 2), (ushort)symbolSize);
        return droplet;
    }

    private static Socket Ask(RainListener listener, ReadOnlySpan<byte> question)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo(question, SocketFlags.None, listener.LocalEndPoint);
        return socket;
    }

    private static async Task<(FetchEndReason Reason, MemorySink Sink)> FetchAsync(
        RainClient client, Cloud cloud, TimeSpan discoveryTimeout)
    {
        var sink = new MemorySink();
        var handle = client.StartFetch(cloud.Request(Id), new FetchOptions { DiscoveryTimeout = discoveryTimeout }, sink);
        return (await handle.Completion.WaitAsync(Soon, Token), sink);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Keeps lines of warning and above.</summary>
    private sealed class Warnings : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue(formatter(state, exception));
            }
        }
    }
}
