using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Deploying;

namespace PouringRain.Protocol.Tests.Deploying;

public class DeployMessageTests
{
    private static readonly DeployOrder Order = new()
    {
        Deployment = 0x0102_0304_0506_0708,
        IsStop = true,
        Mode = DeployMode.Group,
        Resource = new ResourceId(42),
        Version = Sha256Digest.Of("version"u8),
        Length = 1L << 40,
        RateBytesPerSecond = 12_500_000,
        Group = "239.77.0.1:7855",
    };

    private static readonly DeployReport Report = new()
    {
        Progress = DeployProgress.Failed,
        Blocks = 3,
        BlockCount = 7,
        LossPerMillion = 12_345,
        RateBytesPerSecond = 5_000_000_000,
        Receipt = Sha256Digest.Of("receipt"u8),
        ReceiptMs = 1_764_000_000_000,
        Reason = "Kein Platz für 3 GB.",
    };

    [Fact]
    public void AQuestionIsReadAsItWasWritten()
    {
        var body = new byte[ConsultRequest.BytesMax - ConsultRequest.FixedBytes];
        var length = DeployMessage.Write(body, Order);
        Assert.True(DeployMessage.TryParse(body.AsSpan(0, length), out var read));
        Assert.Equal(Order, read);

        // What a later release adds is passed over.
        Assert.True(DeployMessage.TryParse(body.AsSpan(0, length + 9), out read));
        Assert.Equal(Order, read);
        Assert.All(Enumerable.Range(0, length), cut => Assert.False(DeployMessage.TryParse(body.AsSpan(0, cut), out _)));
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(8, 3)]
    [InlineData(9, 2)]
    [InlineData(50, 0x80)]
    [InlineData(58, 0x80)]
    [InlineData(66, 64)]
    [InlineData(67, 0x1F)]
    [InlineData(67, 0x80)]
    public void NonsenseIsNoQuestion(int at, byte value)
    {
        var body = new byte[200];
        var length = DeployMessage.Write(body, Order);
        body[at] = value;
        Assert.False(DeployMessage.TryParse(body.AsSpan(0, length), out _));
    }

    [Fact]
    public void AnAnswerIsReadAsItWasWritten()
    {
        var body = new byte[ConsultAnswer.BytesMax - ConsultAnswer.FixedBytes];
        var length = DeployMessage.WriteAnswer(body, Report);
        Assert.Equal(Report, DeployMessage.TryParseAnswer(body.AsSpan(0, length)));
        Assert.All(Enumerable.Range(0, length), cut => Assert.Null(DeployMessage.TryParseAnswer(body.AsSpan(0, cut))));
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(1, 0x80)]
    [InlineData(4, 8)]
    [InlineData(5, 0x80)]
    [InlineData(9, 1)]
    [InlineData(13, 0x80)]
    [InlineData(61, 161)]
    [InlineData(62, 7)]
    [InlineData(62, 0xFF)]
    public void NonsenseIsNoAnswer(int at, byte value)
    {
        var body = new byte[400];
        var length = DeployMessage.WriteAnswer(body, Report);
        body[at] = value;
        Assert.Null(DeployMessage.TryParseAnswer(body.AsSpan(0, length)));
    }

    [Fact]
    public void AReasonThatIsTooLongIsCutBetweenCharacters()
    {
        var body = new byte[400];
        var length = DeployMessage.WriteAnswer(body, Report with { Reason = "x" + new string('ü', 200) });
        var read = DeployMessage.TryParseAnswer(body.AsSpan(0, length));
        Assert.Equal("x" + new string('ü', 79), read?.Reason);
    }
}
