using Gateway.Coding;

namespace Gateway.Tests.Coding;

public sealed class SealedStreamTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(300_000)]
    public async Task What_is_written_is_read_and_then_there_is_the_end(int length)
    {
        var bytes = TestGateway.Bytes(length);
        var wire = await WriteAsync(bytes, null);

        await using var source = Open(wire);
        var read = new byte[length];
        Assert.True(await source.TryReadAsync(read, Cancellation));
        Assert.Equal(bytes, read);
        Assert.True(await source.IsAtEndAsync(Cancellation));
        Assert.False(await source.TryReadAsync(new byte[1], Cancellation));
    }

    [Fact]
    public async Task What_was_changed_or_cut_on_its_way_is_never_whole()
    {
        var wire = await WriteAsync(TestGateway.Bytes(100), null);
        for (var i = 0; i < wire.Length; i++)
        {
            var other = wire.ToArray();
            other[i] ^= 4;
            await Assert.ThrowsAsync<IOException>(() => ReadAllAsync(other, Key));
            await Assert.ThrowsAsync<IOException>(() => ReadAllAsync(wire[..i], Key));
        }

        await Assert.ThrowsAsync<IOException>(() => ReadAllAsync(wire, [.. Enumerable.Reverse(Key)]));

        // A frame in another's place, or once more.
        var frame = 4 + 100 + 16;
        await Assert.ThrowsAsync<IOException>(() => ReadAllAsync([.. wire[..frame], .. wire[..frame], .. wire[frame..]], Key));
        await Assert.ThrowsAsync<IOException>(() => ReadAllAsync([.. wire[frame..], .. wire[..frame]], Key));
        Assert.Equal(TestGateway.Bytes(100), await ReadAllAsync(wire, Key));
    }

    [Fact]
    public async Task A_stream_that_failed_says_why()
    {
        var wire = await WriteAsync([1, 2, 3], "Stream local: the disk is gone. " + new string('x', 1000));
        await using var source = Open(wire);
        Assert.True(await source.TryReadAsync(new byte[3], Cancellation));
        var error = await Assert.ThrowsAsync<IOException>(async () => await source.TryReadAsync(new byte[1], Cancellation));
        Assert.StartsWith("node 7: Stream local: the disk is gone.", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 100, 420);
    }

    private static SealedStream.Source Open(byte[] wire, byte[]? key = null) => new(new MemoryStream(wire), key ?? Key, "node 7");

    private static async Task<byte[]> WriteAsync(byte[] bytes, string? failure)
    {
        var wire = new MemoryStream();
        await using var sink = new SealedStream.Sink(wire, Key);
        await sink.WriteAsync(bytes, Cancellation);
        await (failure is null ? sink.CompleteAsync(Cancellation) : sink.FailAsync(failure, Cancellation));
        Assert.True(sink.IsEnded);
        return wire.ToArray();
    }

    private static async Task<byte[]> ReadAllAsync(byte[] wire, byte[] key)
    {
        await using var source = Open(wire, key);
        var read = new List<byte>();
        var one = new byte[1];
        while (await source.TryReadAsync(one, Cancellation))
        {
            read.Add(one[0]);
        }

        return [.. read];
    }
}
