namespace PouringRain.Protocol.Tests;

/// <summary>128 bits as a value: beside the runtime's number of this size, which says what is right.</summary>
public sealed class Bits128Tests
{
    private static readonly ulong[] _halves = [0, 1, 0x8000_0000_0000_0000, ulong.MaxValue - 1, ulong.MaxValue];

    public static TheoryData<ulong, ulong> Values
    {
        get
        {
            var values = new TheoryData<ulong, ulong>();
            foreach (var high in _halves)
            {
                foreach (var low in _halves)
                {
                    values.Add(high, low);
                }
            }

            return values;
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void It_is_written_read_and_ordered_as_the_number(ulong high, ulong low)
    {
        var (value, number) = (new Bits128(high, low), new UInt128(high, low));
        var bytes = new byte[Bits128.SizeBytes + 1];
        value.Write(bytes);

        Assert.Equal(number, System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));
        Assert.Equal(0, bytes[^1]);
        Assert.Equal(value, Bits128.Read(bytes));
        Assert.Equal(number.ToString("x32"), value.ToString());
        Assert.True(Bits128.TryParseHex(value.ToString().ToUpperInvariant(), out var parsed));
        Assert.Equal(value, parsed);
        Assert.Equal(value.GetHashCode(), parsed.GetHashCode());
        foreach (var otherHigh in _halves)
        {
            foreach (var otherLow in _halves)
            {
                var (other, otherNumber) = (new Bits128(otherHigh, otherLow), new UInt128(otherHigh, otherLow));
                Assert.Equal(Math.Sign(number.CompareTo(otherNumber)), Math.Sign(value.CompareTo(other)));
                Assert.Equal(number < otherNumber, value < other);
                Assert.Equal(number >= otherNumber, value >= other);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcde")]
    [InlineData("0123456789abcdef0123456789abcdef0")]
    [InlineData(" 123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcde g123456789abcdef")]
    [InlineData("+123456789abcdef-123456789abcdef")]
    public void What_is_not_32_digits_is_none(string text) => Assert.False(Bits128.TryParseHex(text, out _));
}
