using Gateway.Deploying;

namespace Gateway.Tests.Deploying;

/// <summary>Arguments of <c>--send</c> and <c>--receive</c>.</summary>
public sealed class DeployOptionsTests
{
    private const string Group = "239.77.0.1:7855";

    [Theory]
    [InlineData("8M", 1_000_000, false)]
    [InlineData("auto", 1_250_000_000, true)]
    [InlineData("auto,80M", 10_000_000, true)]
    public void TheRateIsSetOrFoundOut(string text, long bytesPerSecond, bool isAutomatic)
    {
        var options = Send(out var mistakes, "--rate", text);
        Assert.Empty(mistakes);
        Assert.Equal((bytesPerSecond, isAutomatic), (options.RateBytesPerSecond, options.IsRateAutomatic));
    }

    [Theory]
    [InlineData("automatic")]
    [InlineData("auto,")]
    [InlineData("auto,1Q")]
    [InlineData("fast")]
    public void AnotherRateIsAMistake(string text)
    {
        Send(out var mistakes, "--rate", text);
        Assert.StartsWith($"--rate {text}: bits a second are wanted", Assert.Single(mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void WhereTheSenderIsMayBeSaidForAGroupThatDoesNotPass()
    {
        Assert.Equal(7856, Send(out var mistakes, "--port", "7856").Socket.SenderPort);
        Assert.Empty(mistakes);
        string[] args = ["--receive", "--group", Group, "--interface", "lo", "--write", "-", "--sender", "127.0.0.1:7856"];
        Assert.Equal("127.0.0.1:7856", ReceiveOptions.Read(args, out mistakes).Sender?.ToString());
        Assert.Empty(mistakes);
        ReceiveOptions.Read([.. args[..^1], "somewhere"], out mistakes);
        Assert.Single(mistakes);
    }

    private static SendOptions Send(out IReadOnlyList<string> mistakes, params string[] more) =>
        SendOptions.Read(["--send", "-", "--group", Group, "--interface", "lo", .. more], out mistakes);
}
