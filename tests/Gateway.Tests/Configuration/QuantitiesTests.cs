using System.Globalization;
using Gateway.Configuration;

namespace Gateway.Tests.Configuration;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1_048_576)]
    [InlineData("7B", 7)]
    [InlineData("10GB", 10_000_000_000)]
    [InlineData("64KiB", 65_536)]
    [InlineData("1MiB", 1_048_576)]
    [InlineData("1.5GB", 1_500_000_000)]
    [InlineData("0.5 KiB", 512)]
    [InlineData("1.3GiB", 1_395_864_371)]
    [InlineData("3  kb", 3_000)]
    [InlineData("2Kib", 2_048)]
    [InlineData("1tb", 1_000_000_000_000)]
    [InlineData("2TiB", 2_199_023_255_552)]
    [InlineData("8PiB", 9_007_199_254_740_992)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(Quantities.TryParseSize(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("GB")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("-5GB")]
    [InlineData("1.5")]
    [InlineData("1.0")]
    [InlineData("1.5B")]
    [InlineData("1,5GB")]
    [InlineData("1.5.2GB")]
    [InlineData("1.GB")]
    [InlineData("1e6")]
    [InlineData("0x10")]
    [InlineData("10G")]
    [InlineData("10Mbit")]
    [InlineData("10Mbps")]
    [InlineData("10MB/s")]
    [InlineData("10GB 5MB")]
    [InlineData("10GB\n")]
    [InlineData("٣MB")]
    [InlineData("9223372036854775808")]
    [InlineData("9999999PB")]
    [InlineData("8192PiB")]
    [InlineData("99999999999999999999999999999999999999999GB")]
    public void What_is_no_size_is_not_taken(string text) => Assert.False(Quantities.TryParseSize(text, out _));

    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("0.25", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("500ms", 500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1.5 h", 5_400_000)]
    [InlineData("2M", 120_000)]
    [InlineData("0", 0)]
    public void Durations_are_read(string text, long milliseconds)
    {
        Assert.True(Quantities.TryParseDuration(text, out var read));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), read);
    }

    [Theory]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("10x")]
    [InlineData("1h30m")]
    [InlineData("1:30")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e1")]
    [InlineData("10675200d")]
    [InlineData("99999999999999999999999999999999999999999")]
    public void What_is_no_duration_is_not_taken(string text) => Assert.False(Quantities.TryParseDuration(text, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1408)]
    [InlineData(60_000)]
    [InlineData(65_536)]
    [InlineData(1_048_576)]
    [InlineData(1_500_000_000)]
    [InlineData(long.MaxValue)]
    public void What_is_written_is_read_as_the_same(long number)
    {
        Assert.True(Quantities.TryParseSize(Quantities.Format(number), out var bytes));
        Assert.Equal(number, bytes);
        var duration = TimeSpan.FromMilliseconds(number % 1_000_000_000_000);
        Assert.True(Quantities.TryParseDuration(Quantities.Format(duration), out var read));
        Assert.Equal(duration, read);
    }

    [Fact]
    public void The_biggest_unit_that_fits_is_written()
    {
        Assert.Equal("1MiB", Quantities.Format(1 << 20));
        Assert.Equal("60KB", Quantities.Format(60_000));
        Assert.Equal("1408", Quantities.Format(1408));
        Assert.Equal("365d", Quantities.Format(TimeSpan.FromDays(365)));
        Assert.Equal("50ms", Quantities.Format(TimeSpan.FromMilliseconds(50)));
    }

    /// <summary>A decimal comma of the machine's language changes nothing.</summary>
    [Fact]
    public void The_language_of_the_machine_does_not_matter()
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NumberGroupSeparator = "." } };
        try
        {
            Assert.True(Quantities.TryParseSize("1.5GB", out var bytes));
            Assert.Equal(1_500_000_000, bytes);
            Assert.False(Quantities.TryParseSize("1,5GB", out _));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
