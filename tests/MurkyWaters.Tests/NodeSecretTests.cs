namespace MurkyWaters.Tests;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class NodeSecretTests : IDisposable
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private string Store => _folder["store"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ItIsDrawnOnceAndItsOwnersAlone()
    {
        Assert.Null(NodeSecret.Find(Store));

        var secret = NodeSecret.FindOrDraw(Store);

        Assert.Equal(64, secret.Length);
        Assert.True(secret.All(char.IsAsciiHexDigit));
        Assert.Equal(secret, NodeSecret.FindOrDraw(Store));
        Assert.Equal(secret, NodeSecret.Find(Store));
        Assert.NotEqual(secret, NodeSecret.FindOrDraw(_folder["other"]));
        Assert.Equal(Own, File.GetUnixFileMode(NodeSecret.PathIn(Store)));
        Assert.Empty(Directory.GetFiles(Path.Combine(Store, "temporary")));
    }

    [Fact]
    public void StartsAtTheSameTimeFindTheSameOne()
    {
        var secrets = new string[16];
        Parallel.For(0, secrets.Length, i => secrets[i] = NodeSecret.FindOrDraw(Store));

        Assert.Single(secrets.Distinct());
    }

    [Theory]
    [InlineData(Own | UnixFileMode.GroupRead)]
    [InlineData(Own | UnixFileMode.OtherRead)]
    [InlineData(Own | UnixFileMode.GroupWrite)]
    public void OneThatOthersMayReadOrWriteIsRefused(UnixFileMode mode)
    {
        NodeSecret.FindOrDraw(Store);
        File.SetUnixFileMode(NodeSecret.PathIn(Store), mode);

        var refusal = Assert.Throws<InvalidDataException>(() => NodeSecret.FindOrDraw(Store));

        Assert.Contains(NodeSecret.PathIn(Store), refusal.Message, StringComparison.Ordinal);
        Assert.Contains("chmod 600", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg\n")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n")]
    public void ABrokenOneIsRefusedAndNotReplaced(string text)
    {
        Directory.CreateDirectory(Store);
        File.WriteAllText(NodeSecret.PathIn(Store), text);
        File.SetUnixFileMode(NodeSecret.PathIn(Store), Own);

        var refusal = Assert.Throws<InvalidDataException>(() => NodeSecret.FindOrDraw(Store));

        Assert.Contains("64 hexadecimal digits are wanted", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(NodeSecret.PathIn(Store)));
    }
}
