namespace EndToEnd;

/// <summary>The hostile client's quick attacks; tests/Hostile has all of them, and docs/attacks.md says what each does.</summary>
public sealed class HostileTests
{
    /// <summary>The hostile client that was built beside these tests: artifacts/bin/Hostile/(configuration)/Hostile.dll.</summary>
    private static string ProgramPath
    {
        get
        {
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Combine(own.Parent!.Parent!.FullName, "Hostile", own.Name, "Hostile.dll");
        }
    }

    [Theory]
    [InlineData("settings")]
    [InlineData("keyless")]
    [InlineData("guesses")]
    [InlineData("mute")]
    [InlineData("doors")]
    public async Task Held(string attack)
    {
        var result = await Tool.RunAsync("dotnet", ProgramPath, attack);

        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}\n{result.Output}{result.Errors}");
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("mute", "--gateway", "/nowhere")]
    [InlineData("mute", "--speed", "1")]
    public async Task Wrong_options_are_refused(params string[] arguments)
    {
        var result = await Tool.RunAsync("dotnet", [ProgramPath, .. arguments]);

        Assert.Equal(2, result.ExitCode);
    }
}
