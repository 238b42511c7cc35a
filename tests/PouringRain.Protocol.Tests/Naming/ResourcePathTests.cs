using PouringRain.Protocol.Naming;

namespace PouringRain.Protocol.Tests.Naming;

public class ResourcePathTests
{
    [Fact]
    public void TheIdIsTheBeginningOfTheHashOfTheName()
    {
        // printf images/disk.iso | sha256sum
        Assert.Equal(new ResourceId(0xc5b75f5d19787ad8), ResourcePath.IdOf("images/disk.iso"));
        Assert.True(ResourcePath.IsNamed(new ResourceId(0xc5b75f5d19787ad8), "images/disk.iso"));
        Assert.False(ResourcePath.IsNamed(new ResourceId(0xc5b75f5d19787ad8), "images/disk.ISO"));
        Assert.False(ResourcePath.IsNamed(new ResourceId(0xc5b75f5d19787ad8), null));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a/b c/d.e")]
    [InlineData("a:b/%20/?#")]
    [InlineData("日本/\U0001F327")]
    public void Names(string text)
    {
        Assert.True(ResourcePath.TryNormalize(text, out var path));
        Assert.Equal(text, path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("a/../b")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData(null)]
    public void NoNames(string? text)
    {
        Assert.False(ResourcePath.TryNormalize(text, out var path));
        Assert.Null(path);
    }

    [Fact]
    public void HalfACharacterIsNone() => Assert.False(ResourcePath.TryNormalize("a" + (char)0xD800, out _));

    [Fact]
    public void LengthsAreThoseOfTheForm()
    {
        var segment = new string('x', 255);
        Assert.True(ResourcePath.TryNormalize($"{segment}/{segment}/{segment}/{segment}", out _));
        Assert.False(ResourcePath.TryNormalize($"{segment}/{segment}/{segment}/{segment}/y", out _));
        Assert.False(ResourcePath.TryNormalize(segment + "x", out _));

        // Decomposed in form C: 85 characters of 3 bytes become 170 of 3.
        Assert.False(ResourcePath.TryNormalize(string.Concat(Enumerable.Repeat("\u0958", 85)), out _));
    }

    [Fact]
    public void FoldersEndWithASlash()
    {
        Assert.True(ResourcePath.TryNormalizeFolder("", out var root));
        Assert.Equal("", root);
        Assert.True(ResourcePath.TryNormalizeFolder("a/Cafe\u0301/", out var folder));
        Assert.Equal("a/Caf\u00e9/", folder);
        Assert.False(ResourcePath.TryNormalizeFolder("a", out _));
        Assert.False(ResourcePath.TryNormalizeFolder("/", out _));
    }
}
