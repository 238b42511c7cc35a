using System.IO.Pipelines;
using Gateway.Connections;

namespace Gateway.Tests.Connections;

public sealed class EndLastReaderTests
{
    private readonly Pipe _pipe = new();
    private readonly EndLastReader _reader;

    public EndLastReaderTests() => _reader = new EndLastReader(_pipe.Reader);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_end_is_told_after_the_bytes_before_it()
    {
        await _pipe.Writer.WriteAsync(new byte[10], Cancellation);
        await _pipe.Writer.CompleteAsync();
        for (var left = 10; left > 0; left -= 5)
        {
            var read = await _reader.ReadAsync(Cancellation);
            Assert.Equal((left, false), ((int)read.Buffer.Length, read.IsCompleted));
            _reader.AdvanceTo(read.Buffer.GetPosition(5));
        }

        var end = await _reader.ReadAsync(Cancellation);
        Assert.True(end.Buffer.IsEmpty && end.IsCompleted);
    }

    [Fact]
    public async Task Who_looked_at_all_and_wants_more_is_told_of_the_end()
    {
        await _pipe.Writer.WriteAsync(new byte[10], Cancellation);
        var first = await _reader.ReadAsync(Cancellation);
        Assert.False(first.IsCompleted);
        _reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var pending = _reader.ReadAsync(Cancellation);
        Assert.False(pending.IsCompleted);
        await _pipe.Writer.CompleteAsync();
        var second = await pending;
        Assert.Equal((10, false), ((int)second.Buffer.Length, second.IsCompleted));
        _reader.AdvanceTo(second.Buffer.Start, second.Buffer.End);
        Assert.True(_reader.TryRead(out var third));
        Assert.Equal((10, true), ((int)third.Buffer.Length, third.IsCompleted));
    }

    [Fact]
    public async Task A_read_that_is_cancelled_and_a_connection_that_broke_are_told_as_they_are()
    {
        _reader.CancelPendingRead();
        Assert.True((await _reader.ReadAsync(Cancellation)).IsCanceled);
        await _pipe.Writer.CompleteAsync(new IOException("reset"));
        await Assert.ThrowsAsync<IOException>(async () => await _reader.ReadAsync(Cancellation));
    }
}
