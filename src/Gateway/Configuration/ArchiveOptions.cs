namespace Gateway.Configuration;

/// <summary>Section <c>Archive</c>.</summary>
internal sealed class ArchiveOptions(SettingsReader reader)
{
    /// <summary>Zero is never.</summary>
    public TimeSpan After { get; } = TimeSpan.FromDays(reader.Read(
        "Archive:AfterDays", "0", SettingForms.WholeOrNone(36_500),
        "days without being read after which what is kept is turned into coded pieces; 0: never"));

    public long MinBytes { get; } = reader.Read(
        "Archive:MinBytes", "1MiB", SettingForms.Size(0, 1L << 46), "least bytes of what is archived so; smaller things stay as they are");

    public TimeSpan LookInterval { get; } = reader.Read(
        "Archive:LookSeconds", "1m", SettingForms.Duration(1, 3600),
        "how often what is archived is looked after: its pieces are counted, and those that are lost made anew");
}
