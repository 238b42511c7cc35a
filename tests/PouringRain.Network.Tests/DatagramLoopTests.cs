using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

public class DatagramLoopTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Coalesced_datagrams_are_handled_one_by_one(bool coalesce)
    {
        var loop = Loop.Open(coalesce);
        using var sender = DatagramSocket.Open(
            new IPEndPoint(IPAddress.Loopback, 0), 65_536, segment: true, coalesce: false, NullLogger.Instance);
        var expected = new List<int>();
        foreach (var (count, size, last) in new[] { (1, 100, 100), (40, 1432, 1432), (45, 1432, 20), (64, 30, 9) })
        {
            var bytes = new byte[((count - 1) * size) + last];
            for (var i = 0; i < count; i++)
            {
                var length = i == count - 1 ? last : size;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * size), (ushort)length);
                expected.Add(length);
            }

            sender.Send(PeerAddress.From(loop.Socket.LocalEndPoint), bytes, size);
        }

        await WaitUntil(loop, () => loop.Handled.Count >= expected.Count);
        Assert.Equal(expected, loop.Handled);
        await Stop(loop);
    }

    [Fact]
    public async Task An_exception_on_one_datagram_costs_that_datagram()
    {
        var loop = Loop.Open(coalesce: false);
        using var sender = DatagramSocket.Open(
            new IPEndPoint(IPAddress.Loopback, 0), 65_536, segment: false, coalesce: false, NullLogger.Instance);
        var to = PeerAddress.From(loop.Socket.LocalEndPoint);
        sender.Send(to, new byte[Loop.Poison], Loop.Poison);
        sender.Send(to, new byte[5], 5);
        loop.Post(_ => throw new InvalidOperationException("planted"));
        sender.Send(to, new byte[6], 6);
        await WaitUntil(loop, () => loop.Handled.Count == 2);
        Assert.Equal([5, 6], loop.Handled);
        await Stop(loop);
    }

    [Fact]
    public async Task Whatever_is_posted_is_done_before_the_end_and_nothing_after_it()
    {
        var loop = Loop.Open(coalesce: false);
        var accepted = 0;
        var done = 0;
        var posters = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (loop.Post(_ => done++))
                {
                    Interlocked.Increment(ref accepted);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        while (Volatile.Read(ref accepted) < 10_000)
        {
            await Task.Yield();
        }

        await Stop(loop);
        await Task.WhenAll(posters).WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.Equal(accepted, done);
        Assert.False(loop.Post(_ => done++));
    }

    [Fact]
    public async Task A_post_wakes_a_waiting_loop()
    {
        var loop = Loop.Open(coalesce: false);
        var turns = 200;
        var started = MonotonicClock.Now;
        for (var i = 0; i < turns; i++)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(_ => done.SetResult());
            await done.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);
        }

        // Without the wake each would take the loop's longest wait, a tenth of a second.
        Assert.True(MonotonicClock.Now - started < TimeSpan.FromSeconds(10));
        await Stop(loop);
    }

    private static async Task WaitUntil(Loop loop, Func<bool> condition)
    {
        for (var until = MonotonicClock.Now + Soon; !condition() && MonotonicClock.Now < until;)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(_ => turn.SetResult());
            await turn.Task;
        }
    }

    private static async Task Stop(Loop loop)
    {
        loop.Stop();
        await loop.Ended.WaitAsync(Soon, TestContext.Current.CancellationToken);
    }

    private sealed class Loop : DatagramLoop
    {
        public const int Poison = 99;

        private Loop(DatagramSocket socket)
            : base(socket, null, null, NullLogger.Instance)
        {
        }

        public ConcurrentQueue<int> Handled { get; } = new();

        public static Loop Open(bool coalesce)
        {
            var loop = new Loop(
                DatagramSocket.Open(new IPEndPoint(IPAddress.Loopback, 0), 1024 * 1024, segment: false, coalesce, NullLogger.Instance));
            loop.Start("test loop");
            return loop;
        }

        protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
        {
            if (datagram.Length == Poison)
            {
                throw new InvalidOperationException("planted");
            }

            Handled.Enqueue(datagram.Length);
        }

        protected override Instant Advance(Instant now) => Instant.Never;

        protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => BinaryPrimitives.ReadUInt16BigEndian(coalesced);
    }
}
