using Gateway.Configuration;
using Gateway.Http;
using Microsoft.Extensions.Configuration;

namespace Gateway.Tests.Configuration;

/// <summary>What the documents say of settings and problems is what the program does.</summary>
public sealed class DocumentTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));

    [Fact]
    public void The_example_settings_file_names_every_setting_with_its_default()
    {
        var example = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();
        foreach (var setting in KnownSettings.All)
        {
            // The best code there is depends on the build, so the example leaves it open.
            var expected = setting == KnownSettings.RainCode ? "" : setting.Default;
            Assert.Equal(expected, example[setting.Name], ignoreCase: true);
        }

        var known = KnownSettings.All.Select(setting => setting.Name).ToHashSet();
        Assert.All(KnownSettings.OwnSections.SelectMany(section => example.GetSection(section).AsEnumerable()).Where(pair => pair.Value is not null), pair => Assert.Contains(pair.Key, known));
    }

    [Fact]
    public void The_readme_names_every_setting_with_its_default()
    {
        foreach (var setting in KnownSettings.All)
        {
            Assert.Contains($"| `{setting.Name}` | {(setting.Default.Length == 0 ? "none" : $"`{setting.Default}`")} |", Readme, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_readme_names_every_problem()
    {
        foreach (var type in ProblemType.All)
        {
            Assert.Contains($"`{type.Name}`", Readme, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_names_every_setting()
    {
        var output = new StringWriter();
        CommandLine.WriteHelp(output);
        Assert.All(KnownSettings.All, setting => Assert.Contains($"--{setting.Name}={setting.Default}", output.ToString(), StringComparison.Ordinal));
    }
}
