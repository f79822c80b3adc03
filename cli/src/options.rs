//! The options of `synfire data` that settings of a reader are.

use synfire::datasets::Setting;

/// What a setting is called on the command line.
pub fn option(setting: Setting) -> String {
    match setting {
        Setting::Channels => "--channels",
        Setting::Classes => "--classes",
        Setting::TimeUnit => "--time-unit",
        // `synfire data` bins nothing.
        Setting::MaxSteps => "data.binning.max_steps",
    }
    .to_owned()
}
