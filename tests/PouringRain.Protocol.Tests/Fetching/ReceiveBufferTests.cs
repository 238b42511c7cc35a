using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

public class ReceiveBufferTests
{
    private const long Step = 100_000;

    [Fact]
    public void AReceiverThatGetsNoProcessorFindsNoMoreThanItsBufferHolds()
    {
        var bounded = BytesSentToADeafReceiver(200_000, out var rate);

        // Besides the buffer what is on the way, here 0.2 ms, twice, and a burst.
        Assert.InRange(bounded, 100_000, 200_000 + (rate * 0.0004) + 65_536);

        var free = BytesSentToADeafReceiver(0, out _);
        Assert.True(free > 2 * bounded, $"{free} without a bound, {bounded} with one: nothing shown");
    }

    /// <summary>A server and a fetch 0.1 ms apart, until 8 MB have come; then the client is silent and hears nothing.</summary>
    private static long BytesSentToADeafReceiver(long bufferBytes, out double rate)
    {
        var content = SimContent.Create(Scene.RandomBytes(16_000_000), blockBytes: 1024 * 1024);
        var catalog = new SimCatalog();
        catalog.Add(Scene.Id, content);
        var server = new RainServer(new RainServerOptions { TokenKey = new byte[32] }, catalog, 1);
        PeerAddress serverAddress = PeerAddress.FromIPv4(1, 1), clientAddress = PeerAddress.FromIPv4(2, 2);
        var request = new FetchRequest { Resource = Scene.Id, Servers = [serverAddress] };
        using var fetch = new Fetch(new FetchOptions(), request, new TokenCache(), 2, new Instant(0)) { ReceiveBufferBytes = bufferBytes };
        var buffer = new byte[65_507];
        var onTheWay = new Queue<byte[]>();
        var sinceHeard = 0L;
        var now = new Instant(0);
        while (fetch.Snapshot(now).WireBytes < 8_000_000)
        {
            now = new Instant(now.Nanoseconds + Step);
            Assert.True(now.Nanoseconds < 20_000_000_000, "It does not rain.");
            while (onTheWay.TryDequeue(out var datagram))
            {
                fetch.Handle(now, serverAddress, datagram);
            }

            while (fetch.TryPollEvent(out _))
            {
            }

            while (fetch.TryPollWork(out var work))
            {
                work.Run();
                fetch.CompleteWork(now, work, kept: true);
            }

            while (fetch.TryPollTransmit(now, buffer, out var transmit))
            {
                server.Handle(now, clientAddress, buffer.AsSpan(0, transmit.Length));
                sinceHeard = 0;
            }

            sinceHeard += Serve(now, server, buffer, onTheWay);
        }

        rate = fetch.Snapshot(now).Sources[0].RateBytesPerSecond;
        for (var end = new Instant(now.Nanoseconds + 1_000_000_000); now < end; now = new Instant(now.Nanoseconds + Step))
        {
            sinceHeard += Serve(now, server, buffer, onTheWay);
        }

        return sinceHeard;
    }

    private static long Serve(Instant now, RainServer server, byte[] buffer, Queue<byte[]> onTheWay)
    {
        var sent = 0L;
        while (server.TryPollTransmit(now, buffer, out var transmit))
        {
            sent += transmit.Length;
            for (var at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                onTheWay.Enqueue(buffer[at..Math.Min(transmit.Length, at + transmit.SegmentSize)]);
            }
        }

        return sent;
    }
}
