using PouringRain.Protocol.Grouping;

namespace PouringRain.Protocol.Tests.Grouping;

public class GroupProbeMessageTests
{
    private readonly byte[] _buffer = new byte[GroupProbeMessage.BytesMax];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(40, GroupProbeMessage.OthersMax)]
    public void Whoever_reads_it_finds_himself_among_those_who_were_heard(int count, int told)
    {
        var length = Write(count);
        Assert.Equal(21 + (12 * told), length);
        for (var i = 0; i < count; i++)
        {
            Assert.True(GroupProbeMessage.TryRead(_buffer.AsSpan(0, length), 100 + (ulong)i, out var who, out var number, out var heard));
            Assert.Equal((7UL, 9U, i < told ? (uint)i + 1 : 0), (who, number, heard));
        }
    }

    [Fact]
    public void Nothing_else_is_read()
    {
        var length = Write(2);
        for (var cut = 0; cut < length; cut++)
        {
            Assert.False(GroupProbeMessage.TryRead(_buffer.AsSpan(0, cut), 1, out _, out _, out _));
        }

        Assert.False(GroupProbeMessage.TryRead(_buffer.AsSpan(0, length + 1), 1, out _, out _, out _));
        _buffer[20] = GroupProbeMessage.OthersMax + 1;
        Assert.False(GroupProbeMessage.TryRead(_buffer.AsSpan(0, length), 1, out _, out _, out _));
        Write(2);
        _buffer[0]++;
        Assert.False(GroupProbeMessage.TryRead(_buffer.AsSpan(0, length), 1, out _, out _, out _));
    }

    private int Write(int count) =>
        GroupProbeMessage.Write(_buffer, 7, 9, Enumerable.Range(0, count).Select(i => (100 + (ulong)i, (uint)i + 1)));
}
