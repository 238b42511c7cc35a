using MurkyWaters.Servers;

namespace MurkyWaters.Tests.Servers;

public class ServerNameTests
{
    [Theory]
    [InlineData("localhost:1980", "localhost:1980")]
    [InlineData("LOCALHOST.:1980", "localhost:1980")]
    [InlineData("10.0.0.1:65535", "10.0.0.1:65535")]
    [InlineData("[::1]:1", "[::1]:1")]
    [InlineData("[2001:DB8:0::1]:1", "[2001:db8::1]:1")]
    [InlineData("[::ffff:10.0.0.1]:1", "10.0.0.1:1")]
    [InlineData("[fe80::1%1]:1", "[fe80::1%1]:1")]
    public void AnEndpointHasOneSpelling(string text, string expected)
    {
        Assert.True(ServerName.TryParse(text, out var name));

        Assert.Equal(expected, name.ToString());
        Assert.True(ServerName.TryParse(name.ToString(), out var again));
        Assert.Equal(name, again);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("localhost")]
    [InlineData("localhost:")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:+1")]
    [InlineData("localhost:99999999999")]
    [InlineData(":1")]
    [InlineData(".:1")]
    [InlineData("..:1")]
    [InlineData("a b:1")]
    [InlineData("a/b:1")]
    [InlineData("::1:1")]
    [InlineData("[::1]")]
    [InlineData("[::1]1")]
    [InlineData("[[::1]]:1")]
    [InlineData("[::1:1")]
    [InlineData("[localhost]:1")]
    [InlineData("[10.0.0.1]:1")]
    public void WhatNamesNoServerIsRefused(string? text) => Assert.False(ServerName.TryParse(text, out _));
}
